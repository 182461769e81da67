-- What the server's log would tell of rows. Asked in a session of each role, because most of it can be set for a role.

-- name: told
-- `ddl` is no finding: no statement of that kind holds a row, and a role's password is sent as its SCRAM verifier.
SELECT name FROM pg_settings
WHERE (name = 'log_statement' AND setting NOT IN ('none', 'ddl'))
   OR (name IN ('log_min_duration_statement', 'log_min_duration_sample', 'auto_explain.log_min_duration')
       AND setting <> '-1')
   OR (name = 'log_transaction_sample_rate' AND setting::float > 0)
   OR (name = 'log_min_error_statement' AND setting <> 'panic')
   OR (name = 'log_error_verbosity' AND setting <> 'terse')
   OR (name = 'log_parameter_max_length_on_error' AND setting <> '0')
   OR (name = 'log_min_messages' AND setting LIKE 'debug%')
   OR (name IN ('debug_print_parse', 'debug_print_rewritten', 'debug_print_plan') AND setting = 'on')
   OR (name = 'pgaudit.log' AND setting NOT IN ('none', ''))
ORDER BY name;

-- name: settable
-- Of these settings, those that the administrator may set for a role.
SELECT name FROM pg_settings
WHERE name = ANY(%s) AND (context = 'user' OR has_parameter_privilege(name, 'SET'));
