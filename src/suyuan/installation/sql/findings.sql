-- The start-up check. Every statement returns the names of what is wrong, and no row when all is well.

-- name: powers
-- The three roles' names begin as the application's does.
SELECT rolname FROM pg_roles
WHERE (rolname = current_user
       OR rolname IN (SELECT regexp_replace(current_user, '_app$', '_' || r) FROM unnest(ARRAY['owner', 'sequencer']) r))
  AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication);

-- name: ownership
-- What the role owns, and the roles it may become: memberships count as ownership.
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND pg_has_role(current_user, c.relowner, 'MEMBER')
UNION ALL
SELECT p.proname FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND pg_has_role(current_user, p.proowner, 'MEMBER')
UNION ALL
SELECT n.nspname FROM pg_namespace n
WHERE n.nspname = 'public' AND pg_has_role(current_user, n.nspowner, 'MEMBER');

-- name: open_tables
-- A table holds content when its rows carry their own agency and level.
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND 2 = (SELECT count(*) FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attname IN ('agency', 'level') AND NOT a.attisdropped)
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity
           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid));

-- name: ledger_writes
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND c.relname IN ('ledger_entry', 'ledger_tile', 'ledger_checkpoint', 'records_record', 'records_revision',
                    'records_key', 'review_decision')
  AND (has_table_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE')
       OR has_table_privilege(c.oid, 'TRUNCATE'));

-- name: loose_functions
-- Whatever runs as its owner, or names a search path at all, ends it in pg_temp: else temporary tables come first.
SELECT p.proname FROM pg_proc p
LEFT JOIN LATERAL (SELECT setting FROM unnest(p.proconfig) AS setting WHERE setting LIKE 'search_path=%') path ON true
WHERE p.pronamespace = 'public'::regnamespace AND (p.prosecdef OR path.setting IS NOT NULL)
  AND coalesce(path.setting, '') !~ ', pg_temp$';

-- name: schema_create
SELECT nspname FROM pg_namespace WHERE nspname = 'public' AND has_schema_privilege(oid, 'CREATE');

-- name: temporary_tables
-- Statements of the application and the sequencer find temporary tables before the real ones, so neither may make any.
SELECT rolname FROM pg_roles
WHERE (rolname = current_user OR rolname = regexp_replace(current_user, '_app$', '_sequencer'))
  AND has_database_privilege(rolname, current_database(), 'TEMPORARY')
ORDER BY 1;

-- name: owner_views
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'v' AND has_table_privilege(oid, 'SELECT')
  AND NOT coalesce('security_invoker=true' = ANY(reloptions), false);

-- name: plans
SELECT current_user WHERE current_setting('plan_cache_mode') <> 'force_custom_plan';

-- name: page_checksums
SELECT current_database() WHERE current_setting('data_checksums') <> 'on';

-- name: lacking
-- What the three roles need in their database beside their tables; later releases may need more than earlier ones gave.
SELECT wanted.role || ' ' || wanted.privilege
FROM (SELECT regexp_replace(current_user, '_app$', '_' || r) AS role, p AS privilege
      FROM (VALUES ('app', 'CONNECT'), ('owner', 'CONNECT'), ('owner', 'CREATE'), ('owner', 'TEMPORARY'),
                   ('sequencer', 'CONNECT')) AS needed (r, p)) AS wanted
JOIN pg_roles ON rolname = wanted.role
WHERE NOT has_database_privilege(wanted.role, current_database(), wanted.privilege)
ORDER BY 1;

-- name: open_database
-- Anybody with an account on the server may connect here, the roles of another installation included.
SELECT privilege_type FROM pg_database, LATERAL aclexplode(coalesce(datacl, acldefault('d', datdba)))
WHERE datname = current_database() AND grantee = 0
ORDER BY 1;

-- name: read_only
SELECT current_database() WHERE current_setting('transaction_read_only') = 'on';
