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
        -- Earlier releases granted more: what is written by nobody here, and what the application never asks for.
        EXECUTE format('REVOKE ALL ON %s %I FROM suyuan_app', CASE t.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, t.relname);
        IF t.relname ~ '^(auth_|(account|django)_.*_seq$|socialaccount_social(app|token).*_seq$)' THEN
            CONTINUE;
        ELSIF t.relkind = 'S' THEN
            EXECUTE format('GRANT USAGE ON SEQUENCE %I TO suyuan_app', t.relname);
        ELSIF t.relname ~ '^account_' OR t.relname IN ('django_migrations', 'django_content_type') THEN
            EXECUTE format('GRANT SELECT ON %I TO suyuan_app', t.relname);
        ELSE
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO suyuan_app', t.relname);
        END IF;
    END LOOP;
END $$;

-- The agency's provider is of the settings alone, and no token of it is kept: the application writes neither. (The library
-- deletes the tokens of an identity, of which there are none, before the identity.)
DO $$
DECLARE t text;
BEGIN
    FOR t IN
        SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
          AND (c.relname ~ '^socialaccount_socialapp' OR c.relname = 'socialaccount_socialtoken')
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %I FROM suyuan_app', t);
    END LOOP;
    GRANT DELETE ON socialaccount_socialtoken TO suyuan_app;
END $$;

-- Second factors, and identities at the agency's provider, open an account: the application looks them up, and writes those of
-- the proven person alone, by a process (access/sql/wall.sql): else whoever has a session's secret for an hour would add a key of
-- their own for good. Only rows of their account are changed; a signing-in is vouched for first.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['mfa_authenticator', 'socialaccount_socialaccount'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('DROP POLICY IF EXISTS looked_up ON %I', t);
        EXECUTE format('DROP POLICY IF EXISTS own ON %I', t);
        EXECUTE format('CREATE POLICY looked_up ON %I FOR SELECT TO suyuan_app USING (true)', t);
        EXECUTE format('CREATE POLICY own ON %I TO suyuan_app
                        USING (user_id = (SELECT access_account_now()) AND (SELECT access_is_process()))
                        WITH CHECK (user_id = (SELECT access_account_now()) AND (SELECT access_is_process()))', t);
    END LOOP;
END $$;
