-- Every act of an administrator has a range (norm 4, 5.1.1): their own agency and those below it, never beside or above.

CREATE FUNCTION access_within(p_above bigint, p_agency bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM access_agency WHERE agency = p_above AND p_agency >= agency AND p_agency < agency + width)
$$;

-- The acting person holds one of these duties, and its range holds somebody's agency and each duty they have or will have: who
-- reaches further than an administrator is not theirs to administer.
CREATE FUNCTION access_require_person(p_duties text[], p_person bigint) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE mine access_duty := access_acting_duty();
BEGIN
    IF NOT coalesce(mine.kind = ANY (p_duties), false)
       OR NOT EXISTS (SELECT FROM access_person WHERE person = p_person AND access_within(mine.agency, agency))
       OR EXISTS (SELECT FROM access_duty WHERE person = p_person AND civil_today() < ends_on
                  AND NOT access_within(mine.agency, agency)) THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

-- What the installation's process does by the clock, for nobody in particular; a person may set it off with a duty at the root.
CREATE FUNCTION access_require_unattended(p_duty text) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT access_is_process() THEN                         -- see wall.sql
        PERFORM access_require_over(p_duty, 0);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION access_add_agency(p_parent bigint, p_name text, p_name_en text, p_division text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE above access_agency; step bigint; first_free bigint;
BEGIN
    PERFORM access_require_over('system_administrator', p_parent);
    SELECT * INTO above FROM access_agency WHERE agency = p_parent FOR UPDATE;
    step := above.width / 1000;
    SELECT coalesce(max(agency), above.agency) + step INTO first_free FROM access_agency WHERE parent = p_parent;
    IF step IS NULL OR step < 1 OR first_free + step > above.agency + above.width THEN
        RAISE EXCEPTION 'access_agency_full' USING ERRCODE = 'check_violation', CONSTRAINT = 'access_agency_full';
    END IF;
    IF p_division !~ '^([0-9]{6})?$' THEN
        RAISE EXCEPTION 'access_division_code' USING ERRCODE = 'check_violation', CONSTRAINT = 'access_division_code';
    END IF;
    INSERT INTO access_agency VALUES (first_free, step, p_parent, p_name, p_name_en,
        (ARRAY['province', 'city', 'county', 'station'])[array_position(
            ARRAY['ministry', 'province', 'city', 'county'], above.kind)], p_division);
    RETURN first_free;
END $$;

CREATE OR REPLACE FUNCTION access_add_department(p_agency bigint, p_name text, p_name_en text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE made bigint;
BEGIN
    PERFORM access_require_over('system_administrator', p_agency);
    INSERT INTO access_department (agency, name, name_en) VALUES (p_agency, p_name, p_name_en) RETURNING department INTO made;
    RETURN made;
END $$;

CREATE OR REPLACE FUNCTION access_add_person(p_staff_no text, p_name text, p_agency bigint, p_department bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE made bigint;
BEGIN
    PERFORM access_require_over('system_administrator', p_agency);
    IF p_staff_no !~ '^[A-Za-z0-9]{2,20}$' THEN
        RAISE EXCEPTION 'access_staff_no' USING ERRCODE = 'check_violation', CONSTRAINT = 'access_staff_no';
    END IF;
    INSERT INTO access_person (staff_no, name, agency, department) VALUES (p_staff_no, p_name, p_agency, p_department)
    RETURNING person INTO made;
    RETURN made;
END $$;

CREATE OR REPLACE FUNCTION access_set_active(p_person bigint, p_active boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM access_require_person(ARRAY['system_administrator'], p_person);
    UPDATE access_person SET active = p_active WHERE person = p_person AND person <> access_person_now();
    UPDATE access_account SET is_active = p_active, made_at = CASE WHEN p_active THEN now() ELSE made_at END
    WHERE person = p_person AND person <> access_person_now();
END $$;

DROP FUNCTION access_require(text);

CREATE OR REPLACE FUNCTION access_disable_idle() RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM access_require_unattended('system_administrator');
    RETURN QUERY UPDATE access_account SET is_active = false
    WHERE is_active AND greatest(last_login, made_at) < now() - interval '90 days' RETURNING person;
END $$;

-- By an auditor or a head, whose range holds the agency where the glass was broken; never by oneself (a constraint).
CREATE OR REPLACE FUNCTION access_review_emergency(p_ground bigint, p_justified boolean, p_note text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE mine access_duty := access_acting_duty(); e access_emergency;
BEGIN
    SELECT * INTO e FROM access_emergency WHERE ground = p_ground FOR UPDATE;
    IF mine.kind IS NULL OR mine.kind NOT IN ('security_auditor', 'department_head')
       OR NOT access_within(mine.agency, e.agency) THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF e.reviewed_at IS NOT NULL THEN
        PERFORM access_refuse('access_emergency_reviewed');
    END IF;
    UPDATE access_emergency SET reviewed_by = mine.person, reviewed_at = now(), justified = p_justified, note = p_note
    WHERE ground = p_ground;
    UPDATE access_ground SET ends_at = now() WHERE ground = p_ground AND ends_at > now();
END $$;

-- A department belongs to the agency where its people and duties are, so that who is of another one can be told. Rows from before
-- this rule stand, hence NOT VALID.
ALTER TABLE access_department ADD UNIQUE (agency, department);
ALTER TABLE access_person ADD CONSTRAINT access_person_department_here
    FOREIGN KEY (agency, department) REFERENCES access_department (agency, department) NOT VALID;
ALTER TABLE access_duty ADD CONSTRAINT access_duty_department_here
    FOREIGN KEY (agency, department) REFERENCES access_department (agency, department) NOT VALID;

REVOKE EXECUTE ON FUNCTION access_within(bigint, bigint), access_require_person(text[], bigint),
    access_require_unattended(text) FROM PUBLIC;
