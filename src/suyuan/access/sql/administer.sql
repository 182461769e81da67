-- The only ways agencies, people, accounts and duties change. Each checks the acting duty itself, so that raw
-- SQL under the application role can do no more than the page: system administrators make agencies, people and
-- accounts; what security administrators do by two is in two_persons.sql; nobody does either for themselves.

CREATE FUNCTION access_require(p_duty text) RETURNS void LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    -- The session says which ground; what the ground is worth is read from the tables, not from the session.
    IF NOT EXISTS (
        SELECT FROM access_ground g JOIN access_duty d ON d.duty = g.duty AND d.person = g.person
        JOIN access_person p ON p.person = g.person
        WHERE g.ground = NULLIF(current_setting('suyuan.ground', true), '')::bigint
          AND g.person = access_person_now() AND d.kind = p_duty AND p.active
          AND now() >= g.starts_at AND now() < g.ends_at AND civil_today() >= d.starts_on AND civil_today() < d.ends_on)
    THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE FUNCTION access_add_agency(p_parent bigint, p_name text, p_name_en text, p_division text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE above access_agency; step bigint; first_free bigint;
BEGIN
    PERFORM access_require('system_administrator');
    SELECT * INTO above FROM access_agency WHERE agency = p_parent FOR UPDATE;
    step := above.width / 1000;
    SELECT coalesce(max(agency), above.agency) + step INTO first_free FROM access_agency WHERE parent = p_parent;
    IF step IS NULL OR step < 1 OR first_free + step > above.agency + above.width THEN
        RAISE EXCEPTION 'access_agency_full' USING ERRCODE = 'check_violation', CONSTRAINT = 'access_agency_full';
    END IF;
    INSERT INTO access_agency VALUES (first_free, step, p_parent, p_name, p_name_en,
        (ARRAY['province', 'city', 'county', 'station'])[array_position(
            ARRAY['ministry', 'province', 'city', 'county'], above.kind)], p_division);
    RETURN first_free;
END $$;

CREATE FUNCTION access_add_department(p_agency bigint, p_name text, p_name_en text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE made bigint;
BEGIN
    PERFORM access_require('system_administrator');
    INSERT INTO access_department (agency, name, name_en) VALUES (p_agency, p_name, p_name_en) RETURNING department INTO made;
    RETURN made;
END $$;

CREATE FUNCTION access_add_person(p_staff_no text, p_name text, p_agency bigint, p_department bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE made bigint;
BEGIN
    PERFORM access_require('system_administrator');
    INSERT INTO access_person (staff_no, name, agency, department) VALUES (p_staff_no, p_name, p_agency, p_department)
    RETURNING person INTO made;
    RETURN made;
END $$;

CREATE FUNCTION access_add_account(p_person bigint, p_username text, p_hash text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM access_require('system_administrator');
    INSERT INTO access_account (password, username, person, email, is_active, must_change)
    VALUES (p_hash, p_username, p_person, '', true, true);
END $$;

-- Leaving takes effect at once: the person is inactive, so every ground of theirs is dead in the next transaction.
CREATE FUNCTION access_set_active(p_person bigint, p_active boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM access_require('system_administrator');
    UPDATE access_person SET active = p_active WHERE person = p_person AND person <> access_person_now();
    UPDATE access_account SET is_active = p_active WHERE person = p_person AND person <> access_person_now();
END $$;

CREATE FUNCTION access_unlock(p_username text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM access_require('security_administrator');
    DELETE FROM access_try WHERE username = p_username;
END $$;

-- The first administrators of an empty installation: one code each, so that no one person starts with two powers.
CREATE FUNCTION access_activate(p_kind text, p_digest text, p_staff_no text, p_name text, p_username text, p_hash text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE made bigint; duty_made bigint;
BEGIN
    UPDATE access_activation SET used_at = now() WHERE kind = p_kind AND digest = p_digest AND used_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'access_activation_code' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO access_person (staff_no, name, agency) VALUES (p_staff_no, p_name, 0) RETURNING person INTO made;
    INSERT INTO access_account (password, username, person, email, is_active, must_change)
    VALUES (p_hash, p_username, made, '', true, false);
    INSERT INTO access_duty (person, kind, agency, reason) VALUES (made, p_kind, 0, 'activation') RETURNING duty INTO duty_made;
    INSERT INTO access_ground (person, duty, kind, reason) VALUES (made, duty_made, 'duty', 'activation');
    RETURN made;
END $$;

-- An empty installation has its root agency.
INSERT INTO access_agency VALUES (0, 1000000000000000, NULL, '公安机关', 'Public security', 'ministry', '');

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'access_require(text)', 'access_add_agency(bigint, text, text, text)', 'access_add_department(bigint, text, text)',
        'access_add_person(text, text, bigint, bigint)', 'access_add_account(bigint, text, text)',
        'access_set_active(bigint, boolean)',
        'access_unlock(text)', 'access_activate(text, text, text, text, text, text)'] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO suyuan_app', f);
    END LOOP;
END $$;
