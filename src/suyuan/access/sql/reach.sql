-- What a context reaches is one value, taken whole from sealed variables. A policy that reads several of them row by row can be
-- led on between two rows of a statement or a cursor: one changed after the seal was checked, or another context entered.

-- One variable as it was sealed; NULL where it is empty or the seal is broken.
CREATE FUNCTION access_sealed(p_name text) RETURNS text LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF access_proven() THEN
        RETURN NULLIF(current_setting('suyuan.' || p_name, true), '');
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION access_person_now() RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN access_sealed('person')::bigint;
END $$;
CREATE OR REPLACE FUNCTION access_account_now() RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN access_sealed('account')::bigint;
END $$;

-- The agencies whose rows of a level the proven context may 'see' in a list, 'open' under a purpose, open although 'sealed', or
-- 'collect' for; empty where it may not.
CREATE FUNCTION access_reach(p_for text, p_level smallint) RETURNS int8range
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    duty text := current_setting('suyuan.duty', true);
    purpose text := NULLIF(current_setting('suyuan.purpose', true), '');
BEGIN
    IF NOT access_proven() OR coalesce(NULLIF(current_setting('suyuan.clearance', true), '')::smallint, 0) < p_level
       OR NOT coalesce(CASE p_for WHEN 'see' THEN true WHEN 'open' THEN purpose <> 'duty'
           WHEN 'sealed' THEN duty = 'department_head' AND purpose NOT IN ('duty', 'emergency')
           WHEN 'collect' THEN duty = 'collector' END, false) THEN
        RETURN 'empty';
    END IF;
    IF p_for = 'collect' THEN
        RETURN int8range(current_setting('suyuan.agency')::bigint, current_setting('suyuan.agency')::bigint, '[]');
    END IF;
    RETURN int8range(current_setting('suyuan.scope_lo')::bigint, current_setting('suyuan.scope_hi')::bigint);
END $$;

-- That as a rule over a row's agency and level, for policies. The sub-selects are asked once a statement, and each row is decided
-- by one of them alone.
CREATE FUNCTION access_rule(p_for text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT format('CASE level WHEN 1 THEN (SELECT access_reach(%1$L, 1::smallint)) ELSE (SELECT access_reach(%1$L, 2::smallint)) END '
                  '@> agency', p_for)
$$;
REVOKE EXECUTE ON FUNCTION access_sealed(text), access_reach(text, smallint), access_rule(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access_sealed(text), access_reach(text, smallint) TO suyuan_app;
