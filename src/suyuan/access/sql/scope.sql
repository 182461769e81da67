-- The acting context. Session variables live for one transaction; unset ones read as NULL and see nothing.

CREATE FUNCTION access_person_now() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT NULLIF(current_setting('suyuan.person', true), '')::bigint $$;
CREATE FUNCTION access_agency_now() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT NULLIF(current_setting('suyuan.agency', true), '')::bigint $$;
CREATE FUNCTION access_duty_now() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT NULLIF(current_setting('suyuan.duty', true), '') $$;

-- The scope predicate, written once: policies and search functions use it, and the planner sees through it.
CREATE FUNCTION access_in_scope(agency bigint, level smallint) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT agency >= NULLIF(current_setting('suyuan.scope_lo', true), '')::bigint
       AND agency < NULLIF(current_setting('suyuan.scope_hi', true), '')::bigint
       AND level <= NULLIF(current_setting('suyuan.clearance', true), '')::smallint
$$;

-- Enter the acting context of one's own live ground. Administrators reach no records: their range is empty.
CREATE FUNCTION access_enter(p_person bigint, p_ground bigint)
RETURNS TABLE (duty text, agency bigint, scope_lo bigint, scope_hi bigint, clearance smallint, name text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    RETURN QUERY
    SELECT d.kind, d.agency, CASE WHEN d.power = 0 THEN d.agency ELSE 0 END,
           CASE WHEN d.power = 0 THEN d.agency + a.width ELSE 0 END, d.clearance, p.name
    FROM access_ground g
    JOIN access_duty d ON d.duty = g.duty AND d.person = g.person
    JOIN access_agency a ON a.agency = d.agency
    JOIN access_person p ON p.person = g.person
    WHERE g.ground = p_ground AND g.person = p_person AND p.active
      AND now() >= g.starts_at AND now() < g.ends_at AND civil_today() >= d.starts_on AND civil_today() < d.ends_on;
    IF NOT FOUND THEN
        RETURN;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION access_enter(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access_enter(bigint, bigint) TO suyuan_app;
GRANT SELECT ON access_agency, access_department, access_person, access_duty, access_ground TO suyuan_app;
-- Accounts are made and disabled in administer.sql; the application itself keeps password hashes and sign-in times.
GRANT SELECT, UPDATE (password, last_login, must_change) ON access_account TO suyuan_app;
GRANT SELECT, INSERT, DELETE ON access_try TO suyuan_app;
GRANT SELECT ON access_activation TO suyuan_app;
