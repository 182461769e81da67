-- Personal tokens for programs: only a digest is stored, and it never leaves this table. A token stands for the account it
-- was made with and dies with it; under which ground it acts is said, and checked, with each request.
CREATE TABLE access_token (
    token bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account bigint NOT NULL REFERENCES access_account (id),
    name text NOT NULL CONSTRAINT access_token_name CHECK (name = btrim(name) AND length(name) BETWEEN 1 AND 60),
    digest bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    made_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT access_token_days CHECK (expires_at > made_at AND expires_at <= made_at + interval '90 days')
);
CREATE INDEX access_token_account ON access_token (account);
GRANT SELECT (token, account, name, made_at, expires_at, used_at, revoked_at) ON access_token TO suyuan_app;

CREATE FUNCTION access_issue_token(p_account bigint, p_name text, p_digest bytea, p_days int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE made bigint;
BEGIN
    PERFORM FROM access_account a JOIN access_person p USING (person)
    WHERE a.id = p_account AND a.is_active AND p.active AND NOT a.must_change FOR UPDATE OF a;
    IF NOT FOUND THEN
        PERFORM access_refuse('access_token_account');
    END IF;
    IF (SELECT count(*) FROM access_token WHERE account = p_account AND revoked_at IS NULL AND expires_at > now()) >= 10 THEN
        PERFORM access_refuse('access_token_many');
    END IF;
    INSERT INTO access_token (account, name, digest, expires_at)
    VALUES (p_account, p_name, p_digest, now() + make_interval(days => p_days)) RETURNING token INTO made;
    RETURN made;
END $$;

-- Gives whether there was one to revoke.
CREATE FUNCTION access_revoke_token(p_account bigint, p_token bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE access_token SET revoked_at = now() WHERE token = p_token AND account = p_account AND revoked_at IS NULL;
    RETURN FOUND;
END $$;

-- Whose token it is, and whether it is worth anything now: not revoked or expired, and its account and person are active,
-- not idle for 90 days and not held up by a password that must be changed. Its last use is kept to the minute.
CREATE FUNCTION access_bearer(p_digest bytea) RETURNS TABLE (person bigint, username text, live boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE access_token t SET used_at = now()
    WHERE t.digest = p_digest AND (t.used_at IS NULL OR t.used_at < now() - interval '1 minute');
    RETURN QUERY
    SELECT a.person, a.username::text, t.revoked_at IS NULL AND t.expires_at > now() AND a.is_active AND p.active
           AND NOT a.must_change AND greatest(a.last_login, a.made_at) > now() - interval '90 days'
    FROM access_token t JOIN access_account a ON a.id = t.account JOIN access_person p ON p.person = a.person
    WHERE t.digest = p_digest;
END $$;
REVOKE EXECUTE ON FUNCTION access_issue_token(bigint, text, bytea, int), access_revoke_token(bigint, bigint),
    access_bearer(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access_issue_token(bigint, text, bytea, int), access_revoke_token(bigint, bigint),
    access_bearer(bytea) TO suyuan_app;
