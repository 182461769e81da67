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

GRANT SELECT ON access_agency, access_department, access_person, access_duty, access_ground TO suyuan_app;
-- Accounts are made and disabled in administer.sql; the application itself keeps password hashes and sign-in times.
GRANT SELECT, UPDATE (password, last_login, must_change) ON access_account TO suyuan_app;
GRANT SELECT, INSERT, DELETE ON access_try TO suyuan_app;
GRANT SELECT ON access_activation TO suyuan_app;
