-- What the application may do with the tables that libraries bring (sessions, sign-in, queue). Run by the owner after
-- every migration; the rooms' own tables are granted in the rooms' own SQL.
DO $$
DECLARE t record;
BEGIN
    FOR t IN
        SELECT c.relname, c.relkind FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'S') AND c.relowner = 'suyuan_owner'::regrole
          AND c.relname ~ '^(auth|django|account|mfa|socialaccount|usersessions|procrastinate)_'
    LOOP
        IF t.relkind = 'S' THEN
            EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %I TO suyuan_app', t.relname);
        ELSIF t.relname IN ('django_migrations', 'django_content_type', 'auth_permission') THEN
            EXECUTE format('GRANT SELECT ON %I TO suyuan_app', t.relname);
        ELSE
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO suyuan_app', t.relname);
        END IF;
    END LOOP;
END $$;
