-- Signing in (MLPS 8.1.4.1; ASVS 5.0 chapter 6): tries by where they come from, the policies in force, idle accounts.
ALTER TABLE access_try ADD COLUMN source text NOT NULL DEFAULT '';
ALTER TABLE access_account ALTER COLUMN made_at SET DEFAULT now(), ALTER COLUMN password_at SET DEFAULT now();
GRANT UPDATE (password_at) ON access_account TO suyuan_app;

-- One-time passwords that were used, and nothing else: where every process of the installation sees them.
CREATE TABLE django_cache (
    cache_key varchar(255) PRIMARY KEY,
    value text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX django_cache_expires ON django_cache (expires);

-- Two standing policies beside the limits; they change the same way, by two persons.
ALTER TABLE access_limit DROP CONSTRAINT access_limit_kind_check, DROP CONSTRAINT access_limit_stretch_check,
    ADD CONSTRAINT access_limit_kind_check CHECK (kind IN ('look', 'list', 'search', 'reveal', 'export', 'password', 'second_factor')),
    ADD CONSTRAINT access_limit_stretch_check CHECK (stretch IN ('hour', 'day', 'standing')),
    ADD CONSTRAINT access_limit_policy_check CHECK ((stretch = 'standing') = (kind IN ('password', 'second_factor'))
                                                    AND (stretch <> 'standing' OR most IN (1, 2)));
INSERT INTO access_limit VALUES
    ('password', 'standing', 2, 0, NULL),                   -- 1: MLPS, 2: ASVS
    ('second_factor', 'standing', 1, 0, NULL);              -- 1: who wants one, 2: everybody

ALTER TABLE access_proposal ADD CONSTRAINT access_proposal_policy CHECK (
    what <> 'limit' OR kind NOT IN ('password', 'second_factor') OR most IN (1, 2));

-- Accounts that nobody has signed in with for 90 days (CJIS AC-2(3)). Gives the persons whose account it was.
CREATE FUNCTION access_disable_idle() RETURNS SETOF bigint LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
    UPDATE access_account SET is_active = false
    WHERE is_active AND greatest(last_login, made_at) < now() - interval '90 days' RETURNING person
$$;
-- Who comes back begins anew, or the account would be idle again at once.
CREATE OR REPLACE FUNCTION access_set_active(p_person bigint, p_active boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM access_require('system_administrator');
    UPDATE access_person SET active = p_active WHERE person = p_person AND person <> access_person_now();
    UPDATE access_account SET is_active = p_active, made_at = CASE WHEN p_active THEN now() ELSE made_at END
    WHERE person = p_person AND person <> access_person_now();
END $$;

-- A lost token or key: whoever lost it signs in with the password once more and enrols another one.
CREATE FUNCTION access_reset_factors(p_person bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM access_require('security_administrator');
    DELETE FROM mfa_authenticator m USING access_account a
    WHERE a.id = m.user_id AND a.person = p_person AND a.person <> access_person_now();
END $$;

REVOKE EXECUTE ON FUNCTION access_disable_idle(), access_reset_factors(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access_disable_idle(), access_reset_factors(bigint) TO suyuan_app;
