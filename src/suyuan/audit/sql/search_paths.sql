-- Every function that names its search path ends it in pg_temp. PostgreSQL looks into temporary tables first unless they are
-- named last: whoever may make one would otherwise put their own access_duty before the real one.
-- Written here since this room stands on all that have functions; what comes later brings it along, or the start-up check refuses.
DO $$
DECLARE f record;
BEGIN
    FOR f IN
        SELECT p.oid::regprocedure AS name FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proowner = 'suyuan_owner'::regrole
          AND (p.prosecdef OR EXISTS (SELECT FROM unnest(p.proconfig) AS s (setting) WHERE setting LIKE 'search_path=%'))
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, public, pg_temp', f.name);
    END LOOP;
END $$;
