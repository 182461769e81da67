-- What the database knows of an installation's keys (norm 5.2.1), for every host that works on it: which installation it is,
-- by values that tell nothing of a secret, and the ring of key generations. No secret lies here. The owner of the schema
-- writes these tables; the application reads them.

CREATE TABLE vault_installation (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),      -- a database is one installation's
    installation uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE vault_check (
    secret text PRIMARY KEY,                               -- "ledger", "session", "terms.1 2", "key 3"
    value bytea NOT NULL CHECK (length(value) = 32)        -- HMAC-SHA256 under the secret: whoever has it can compare
);
CREATE TABLE vault_generation (
    key_id int PRIMARY KEY,
    level smallint NOT NULL CHECK (level IN (1, 2)),
    suite text NOT NULL,
    holder text NOT NULL,
    depth int NOT NULL CHECK (depth > 0),
    state text NOT NULL CHECK (state IN ('next', 'current', 'retiring', 'retired', 'destroyed')),
    created text NOT NULL
);
CREATE UNIQUE INDEX vault_generation_one ON vault_generation (level, state) WHERE state IN ('next', 'current', 'retiring');
CREATE TABLE vault_signing (
    number int PRIMARY KEY CHECK (number > 0),
    holder text NOT NULL,
    created text NOT NULL,
    since bigint NOT NULL,
    public bytea NOT NULL CHECK (length(public) = 32),
    signature bytea NOT NULL                               -- the hand-over by the key before it, empty for the first
);

-- What one host has made and another has yet to take up, sealed under secrets that every host's key file has. It goes when
-- every known host has it.
CREATE TABLE vault_parcel (
    name text PRIMARY KEY,                                 -- "key 3", "signing 2", "custodians <digest of the file>"
    sealed bytea NOT NULL
);
-- Hosts that work on this database, each by a digest of its name and folder.
CREATE TABLE vault_host (
    host text PRIMARY KEY CHECK (host ~ '^[0-9a-f]{16}$'),
    name text NOT NULL,
    seen timestamptz NOT NULL DEFAULT now(),
    stopped boolean NOT NULL DEFAULT false,
    holds text[] NOT NULL,                                 -- names as in vault_parcel
    level2 text NOT NULL CHECK (level2 IN ('none', 'sealed', 'open'))
);
-- By what a host shows that it is one: a key of the secrets that every key file has. The owner leaves it here.
CREATE TABLE vault_teller (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    key bytea NOT NULL CHECK (length(key) = 128)
);
CREATE FUNCTION vault_live(h vault_host) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT NOT h.stopped AND h.seen > now() - interval '20 seconds'
$$;

CREATE TRIGGER vault_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON vault_installation
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_unchangeable();
CREATE TRIGGER vault_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON vault_check
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_unchangeable();
CREATE TRIGGER vault_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON vault_signing
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_unchangeable();
CREATE TRIGGER vault_unchangeable BEFORE DELETE OR TRUNCATE ON vault_generation
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_unchangeable();

-- A generation goes through its states in order, and nothing else of it changes.
CREATE FUNCTION vault_generation_goes_on() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE same vault_generation := NEW;
BEGIN
    same.state := OLD.state;
    IF same IS DISTINCT FROM OLD OR (OLD.state, NEW.state) NOT IN (('next', 'current'), ('current', 'retiring'),
                                                                   ('retiring', 'retired'), ('retired', 'destroyed')) THEN
        RAISE EXCEPTION 'vault_generation_goes_on'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'vault_generation_goes_on';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vault_generation_goes_on BEFORE UPDATE ON vault_generation
    FOR EACH ROW EXECUTE FUNCTION vault_generation_goes_on();

-- Written by the application, once, with its entry: whose rows count from then on.
CREATE TRIGGER ledger_changed AFTER INSERT ON vault_installation FOR EACH ROW EXECUTE FUNCTION ledger_changed();
GRANT INSERT (installation) ON vault_installation TO suyuan_app;
GRANT SELECT ON vault_installation, vault_check, vault_generation, vault_signing, vault_parcel TO suyuan_app, suyuan_sequencer;

-- What a host tells of itself, as JSON, with its code over it: sha256(outer || sha256(inner || said)) is the nested construction of
-- HMAC (RFC 2104) for keys of a block each. Whoever runs SQL under the application role tells nothing: a host that is none would be
-- waited for, and one that seems to hold a key would get none.
CREATE FUNCTION vault_tell(p_said text, p_at bigint, p_code bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE told jsonb;
BEGIN
    IF (abs(extract(epoch FROM clock_timestamp()) - p_at) < 60 AND p_code = (
            SELECT sha256(substr(key, 65) || sha256(substr(key, 1, 64) || convert_to(p_at || ' ' || p_said, 'UTF8')))
            FROM vault_teller)) IS NOT TRUE THEN
        RAISE EXCEPTION 'vault_host_unproven' USING ERRCODE = 'insufficient_privilege';
    END IF;
    told := p_said::jsonb;
    INSERT INTO vault_host AS h (host, name, holds, level2, stopped)
    VALUES (told->>'host', told->>'name', ARRAY(SELECT jsonb_array_elements_text(told->'holds')), told->>'level2',
            (told->>'stopped')::boolean)
    ON CONFLICT (host) DO UPDATE SET name = excluded.name, holds = excluded.holds, level2 = excluded.level2,
        stopped = excluded.stopped, seen = CASE WHEN excluded.stopped THEN h.seen ELSE now() END;
END $$;
REVOKE EXECUTE ON FUNCTION vault_tell(text, bigint, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION vault_tell(text, bigint, bytea) TO suyuan_app;
GRANT SELECT ON vault_host TO suyuan_app;
