-- The three roles and what each may do. Run by the server's administrator, again at each start with DATABASE_URL;
-- {braces} are filled in by roles.py, which sends the SCRAM verifier of a password, never the password.

-- name: create
CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD {password};

-- name: join
-- An administrator who is not a superuser can give things only to roles that it may become.
GRANT {role} TO CURRENT_USER;

-- name: plans
-- A generic plan, chosen at the sixth use of a statement, walks the date index instead of the index of terms.
ALTER ROLE suyuan_app SET plan_cache_mode = force_custom_plan;

-- name: database
CREATE DATABASE {database} OWNER suyuan_owner;

-- name: close_database
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {database} TO suyuan_owner;
GRANT CONNECT ON DATABASE {database} TO suyuan_app, suyuan_sequencer;
-- Earlier releases gave it. A temporary table stands before the real one in the statements of whoever made it.
REVOKE TEMPORARY ON DATABASE {database} FROM suyuan_app, suyuan_sequencer;
ALTER SCHEMA public OWNER TO suyuan_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO suyuan_app, suyuan_sequencer;
