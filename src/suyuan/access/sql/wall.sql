-- The wall against SQL under the application role (norm 5.1.2): who acts is proven, never said.
--
-- A proof is 32 random bytes or more that only its bearer has; the tables hold its SHA-256. `access_enter` takes a proof, reads
-- from the tables what the person may do, writes that into the transaction's variables, and seals them: a code over all of
-- them, the connection and the transaction, under a secret that the application role cannot read. Functions ask
-- `access_proven()` whether the variables still say what was sealed; policies take `access_range`, once a statement.

-- Two keys of one block of SHA-256 each: sha256(outer || sha256(inner || said)) is the nested construction of HMAC (RFC 2104).
CREATE TABLE access_secret (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    inner_key bytea NOT NULL CHECK (length(inner_key) = 64),
    outer_key bytea NOT NULL CHECK (length(outer_key) = 64)
);
CREATE FUNCTION access_random_block() RETURNS bytea LANGUAGE sql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
        || sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
$$;
REVOKE EXECUTE ON FUNCTION access_random_block() FROM PUBLIC;
INSERT INTO access_secret (inner_key, outer_key) VALUES (access_random_block(), access_random_block());

-- The record types that are about nobody, which open without a purpose: by the catalog, written down at each start.
CREATE TABLE access_open_types (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    types text NOT NULL                                     -- with commas between
);
INSERT INTO access_open_types (types) VALUES ('');

CREATE TABLE access_proof (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32),   -- SHA-256 of what its bearer holds
    kind text NOT NULL CHECK (kind IN ('session', 'command', 'task')),
    person bigint NOT NULL REFERENCES access_person,
    account bigint REFERENCES access_account (id),          -- a session's
    epoch int NOT NULL DEFAULT 0,                           -- of the account when the session began, see ways_in_acts.sql
    how text NOT NULL DEFAULT '',                           -- a session was opened by: password, voucher
    ground bigint REFERENCES access_ground,                 -- the only one, of a task
    job text NOT NULL DEFAULT '',                           -- a task's
    token bytea,                                            -- the digest of the token by which a task was queued
    os_user text NOT NULL DEFAULT '',                       -- a command's: the operating system's user
    made_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz NOT NULL,
    CHECK ((kind = 'session') = (account IS NOT NULL) AND (kind = 'task') = (ground IS NOT NULL AND job <> '')
           AND (kind = 'command') = (os_user <> '') AND ends_at > made_at)
);
CREATE INDEX access_proof_person ON access_proof (person);
CREATE INDEX access_proof_ends ON access_proof (ends_at);

-- The code over everything the transaction's variables say. A row's text form is unambiguous, whatever the parts hold. Where
-- it was made counts too: a seal is worth nothing in another connection or a later transaction.
CREATE FUNCTION access_seal_now() RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE k access_secret;
BEGIN
    SELECT * INTO k FROM public.access_secret;
    RETURN encode(sha256(k.outer_key || sha256(k.inner_key || convert_to(ROW(
        current_setting('suyuan.person', true), current_setting('suyuan.account', true), current_setting('suyuan.proof', true),
        current_setting('suyuan.channel', true), current_setting('suyuan.ground', true), current_setting('suyuan.duty', true),
        current_setting('suyuan.agency', true), current_setting('suyuan.scope_lo', true), current_setting('suyuan.scope_hi', true),
        current_setting('suyuan.clearance', true), current_setting('suyuan.purpose', true),
        current_setting('suyuan.open_types', true), current_setting('suyuan.batch', true),
        pg_backend_pid(), extract(epoch FROM transaction_timestamp()))::text, 'UTF8'))), 'hex');
END $$;
REVOKE EXECUTE ON FUNCTION access_seal_now() FROM PUBLIC;

-- Whether the variables of this transaction are those that a proof was accepted for.
CREATE FUNCTION access_proven() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN coalesce(current_setting('suyuan.seal', true) = access_seal_now(), false);
END $$;

-- One variable as it was sealed; NULL where it is empty or the seal is broken.
CREATE FUNCTION access_sealed(p_name text) RETURNS text LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF access_proven() THEN
        RETURN NULLIF(current_setting('suyuan.' || p_name, true), '');
    END IF;
    RETURN NULL;
END $$;
-- The proven person, and the account they came in with; NULL without a proof. A policy asks in a sub-select, once a statement.
CREATE OR REPLACE FUNCTION access_person_now() RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN access_sealed('person')::bigint;
END $$;
CREATE FUNCTION access_account_now() RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN access_sealed('account')::bigint;
END $$;

-- What a context reaches is one value, taken whole from sealed variables. A policy that reads several of them row by row can be
-- led on between two rows of a statement or a cursor: one changed after the seal was checked, or another context entered.

-- The agencies whose rows of a level the proven context may 'see' in a list, 'open' under a purpose, open although 'sealed', or
-- 'collect' for; empty where it may not.
CREATE FUNCTION access_range(p_for text, p_level smallint) RETURNS int8range
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
CREATE FUNCTION access_range_rule(p_for text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT format('CASE level WHEN 1 THEN (SELECT access_range(%1$L, 1::smallint)) ELSE (SELECT access_range(%1$L, 2::smallint)) END '
                  '@> agency', p_for)
$$;

-- The acting person's duty as the tables have it, under the proven ground; NULL without a live one.
CREATE OR REPLACE FUNCTION access_acting_duty() RETURNS access_duty
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE mine access_duty; me bigint := access_person_now(); here bigint;
BEGIN
    IF me IS NULL THEN
        RETURN NULL;
    END IF;
    here := NULLIF(current_setting('suyuan.ground', true), '')::bigint;
    SELECT d.* INTO mine FROM access_ground g JOIN access_duty d ON d.duty = g.duty AND d.person = g.person
    JOIN access_person p ON p.person = g.person
    WHERE g.ground = here AND g.person = me AND p.active AND now() >= g.starts_at AND now() < g.ends_at
      AND civil_today() >= d.starts_on AND civil_today() < d.ends_on;
    RETURN mine;
END $$;

-- The agencies of the acting duty and below where it is one of these, for policies, once a statement; empty for anybody else.
CREATE FUNCTION access_duty_range(p_kinds text[]) RETURNS int8range LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE mine access_duty := access_acting_duty();
BEGIN
    RETURN coalesce((SELECT int8range(agency, agency + width) FROM access_agency
                     WHERE agency = mine.agency AND mine.kind = ANY (p_kinds)), 'empty');
END $$;
-- Why somebody asked for a ground or broke the glass is read by whoever answers or reviews it, and by themselves.
ALTER TABLE access_emergency ENABLE ROW LEVEL SECURITY;
CREATE POLICY reviewed ON access_emergency FOR SELECT TO suyuan_app USING (
    person = (SELECT access_person_now()) OR (SELECT access_duty_range('{department_head,security_auditor}')) @> agency);
ALTER TABLE access_ground_request ENABLE ROW LEVEL SECURITY;
CREATE POLICY answered ON access_ground_request FOR SELECT TO suyuan_app USING (
    person = (SELECT access_person_now()) OR (SELECT access_duty_range('{department_head}'))
        @> (SELECT d.agency FROM access_duty d WHERE d.duty = access_ground_request.duty));

-- What a proof is worth now: whose it is, what it came from, and the one ground it may be bound to. Its last use is kept to the
-- minute, without waiting for another transaction of the same session.
CREATE FUNCTION access_shown(p_proof bytea) RETURNS access_proof
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE held access_proof; p_digest bytea := sha256(p_proof);
BEGIN
    SELECT f.* INTO held FROM access_proof f JOIN access_person p ON p.person = f.person
    LEFT JOIN access_account a ON a.id = f.account
    WHERE f.digest = p_digest AND f.ends_at > now() AND p.active
      AND CASE f.kind WHEN 'session' THEN a.is_active AND a.person = f.person AND a.epoch = f.epoch
                                         AND f.used_at > now() - interval '2 hours'
          -- What was queued before two persons made another way in for somebody is worth nothing after it.
          WHEN 'task' THEN NOT EXISTS (SELECT FROM access_way_in w WHERE w.person = f.person AND w.approved
                                       AND w.kind <> 'unlock' AND w.decided_at > f.made_at)
              -- Nor is what a token queued that is revoked, or somebody whose accounts are closed.
              AND (f.token IS NULL OR EXISTS (SELECT FROM access_token t WHERE t.digest = f.token AND t.revoked_at IS NULL))
              AND coalesce((SELECT bool_or(is_active) FROM access_account WHERE person = f.person), true)
          ELSE true END;
    IF FOUND THEN
        IF held.used_at < now() - interval '1 minute' THEN
            UPDATE access_proof SET used_at = now() WHERE digest IN (
                SELECT digest FROM access_proof WHERE digest = p_digest FOR UPDATE SKIP LOCKED);
        END IF;
        RETURN held;
    END IF;
    SELECT t.digest, 'token', a.person, a.id INTO held.digest, held.kind, held.person, held.account
    FROM access_token t JOIN access_account a ON a.id = t.account JOIN access_person p ON p.person = a.person
    WHERE t.digest = p_digest AND t.revoked_at IS NULL AND t.expires_at > now() AND a.is_active AND p.active
      AND greatest(a.last_login, a.made_at) > now() - interval '90 days';
    RETURN held;
END $$;

-- Enter the acting context of one's own live ground. An emergency reaches every agency, at the lowest level; whoever has
-- not signed the secrecy undertaking in force reaches none. No row, and no context, without a proof of the person.
DROP FUNCTION access_enter(bigint, bigint);
CREATE FUNCTION access_enter(p_person bigint, p_ground bigint, p_proof bytea)
RETURNS TABLE (duty text, agency bigint, scope_lo bigint, scope_hi bigint, clearance smallint, name text, purpose text,
               channel text, os_user text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE held access_proof := access_shown(p_proof); reads boolean; about_nobody text;
BEGIN
    IF held.person IS DISTINCT FROM p_person OR coalesce(held.ground, p_ground) IS DISTINCT FROM p_ground
       OR access_grounds_closed(p_person) THEN
        RETURN;
    END IF;
    SELECT d.kind, d.agency, d.agency, CASE g.kind WHEN 'emergency' THEN root.width ELSE d.agency + a.width END,
           CASE g.kind WHEN 'emergency' THEN 1::smallint ELSE d.clearance END, p.name, g.kind,
           access_reads(d.kind) AND access_signed(p.person)
    INTO duty, agency, scope_lo, scope_hi, clearance, name, purpose, reads
    FROM access_ground g
    JOIN access_duty d ON d.duty = g.duty AND d.person = g.person
    JOIN access_agency a ON a.agency = d.agency
    JOIN access_agency root ON root.agency = 0
    JOIN access_person p ON p.person = g.person
    WHERE g.ground = p_ground AND g.person = p_person AND p.active
      AND now() >= g.starts_at AND now() < g.ends_at AND civil_today() >= d.starts_on AND civil_today() < d.ends_on;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF NOT reads OR purpose = 'emergency' THEN
        scope_lo := 0;
    END IF;
    IF NOT reads THEN
        scope_hi := 0;
    END IF;
    channel := held.kind;
    os_user := held.os_user;
    SELECT types INTO about_nobody FROM access_open_types;
    PERFORM set_config('suyuan.person', p_person::text, true), set_config('suyuan.ground', p_ground::text, true),
        set_config('suyuan.duty', duty, true), set_config('suyuan.agency', agency::text, true),
        set_config('suyuan.scope_lo', scope_lo::text, true), set_config('suyuan.scope_hi', scope_hi::text, true),
        set_config('suyuan.clearance', clearance::text, true), set_config('suyuan.purpose', purpose, true),
        set_config('suyuan.open_types', coalesce(about_nobody, ''), true), set_config('suyuan.batch', '', true),
        set_config('suyuan.account', coalesce(held.account::text, ''), true),
        set_config('suyuan.proof', encode(held.digest, 'hex'), true), set_config('suyuan.channel', channel, true);
    PERFORM set_config('suyuan.seal', access_seal_now(), true);
    RETURN NEXT;
END $$;

-- Be oneself and no more, for what belongs to an account: no ground, no duty, no record. Not by a token.
CREATE FUNCTION access_be(p_proof bytea) RETURNS TABLE (person bigint, account bigint, channel text, os_user text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE held access_proof := access_shown(p_proof); name text;
BEGIN
    IF held.person IS NULL OR held.kind NOT IN ('session', 'command') THEN
        RETURN;
    END IF;
    FOREACH name IN ARRAY ARRAY['ground', 'duty', 'agency', 'scope_lo', 'scope_hi', 'clearance', 'purpose', 'open_types', 'batch'] LOOP
        PERFORM set_config('suyuan.' || name, '', true);
    END LOOP;
    PERFORM set_config('suyuan.person', held.person::text, true), set_config('suyuan.channel', held.kind, true),
        set_config('suyuan.account', coalesce(held.account::text, ''), true),
        set_config('suyuan.proof', encode(held.digest, 'hex'), true);
    PERFORM set_config('suyuan.seal', access_seal_now(), true);
    RETURN QUERY SELECT held.person, held.account, held.kind, held.os_user;
END $$;

-- Open one batch to the reviewer who takes it up. For records_take_batch alone, which has checked; never granted.
CREATE FUNCTION access_open_batch(p_batch uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF access_proven() THEN
        PERFORM set_config('suyuan.batch', p_batch::text, true);
        PERFORM set_config('suyuan.seal', access_seal_now(), true);
    END IF;
END $$;

-- Passwords. Argon2 runs in the program, with the parameters and the salt that `password` shows; what it gives is compared here,
-- with a digest that the application role cannot read. Whatever writes the whole hash leaves only these two behind.
ALTER TABLE access_account ADD COLUMN verifier bytea;
CREATE FUNCTION access_keep_verifier() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.password ~ '^argon2\$argon2id\$v=\d+\$[^$]+\$[^$]+\$[^$]+$' THEN
        NEW.verifier := sha256(convert_to(NEW.password, 'UTF8'));
        NEW.password := regexp_replace(NEW.password, '\$[^$]+$', '');
    ELSIF TG_OP = 'INSERT' OR NEW.password IS DISTINCT FROM OLD.password THEN
        NEW.verifier := NULL;                               -- no password at all
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_keep_verifier BEFORE INSERT OR UPDATE OF password ON access_account
    FOR EACH ROW EXECUTE FUNCTION access_keep_verifier();
UPDATE access_account SET password = password;
REVOKE ALL ON access_account FROM suyuan_app;
-- The libraries lock rows of accounts, which needs the right to change a column: one that can only be empty.
ALTER TABLE access_account ADD CONSTRAINT access_account_no_mail CHECK (email = '') NOT VALID;
GRANT UPDATE (email) ON access_account TO suyuan_app;
GRANT SELECT (id, password, last_login, username, person, email, is_active, made_at, password_at, epoch)
    ON access_account TO suyuan_app;

-- Passkeys and the agency's provider cannot be checked here. A process that checked one vouches for it, under a key that the
-- keys of the vault seal: `sealed` is for the processes, `key` for this function. See docs/security.md for what that is worth.
CREATE TABLE access_voucher (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    key bytea NOT NULL CHECK (length(key) = 128),
    sealed bytea NOT NULL
);
GRANT SELECT (sealed) ON access_voucher TO suyuan_app;
CREATE FUNCTION access_vouched(p_said text, p_at bigint, p_code bytea) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce((SELECT abs(extract(epoch FROM clock_timestamp()) - p_at) < 60 AND p_code = sha256(substr(key, 65)
        || sha256(substr(key, 1, 64) || convert_to(ROW(p_said, p_at)::text, 'UTF8'))) FROM access_voucher), false)
$$;
-- The process itself: what it does at the door and by the clock, where nobody acts yet or at all (counts of tries, whether a
-- password is right, idle accounts). It shows a voucher for its connection and is marked for the transaction. The mark stands
-- beside whoever acts and changes nothing for them.
CREATE FUNCTION access_process_mark() RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE k access_secret;
BEGIN
    SELECT * INTO k FROM access_secret;
    RETURN encode(sha256(k.outer_key || sha256(k.inner_key || convert_to(
        ROW('process', pg_backend_pid(), extract(epoch FROM transaction_timestamp()))::text, 'UTF8'))), 'hex');
END $$;
CREATE FUNCTION access_be_process(p_at bigint, p_code bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT access_vouched(concat('process ', pg_backend_pid()), p_at, p_code) THEN
        RETURN false;
    END IF;
    PERFORM set_config('suyuan.process', access_process_mark(), true);
    RETURN true;
END $$;
CREATE FUNCTION access_is_process() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN coalesce(current_setting('suyuan.process', true) = access_process_mark(), false);
END $$;
CREATE FUNCTION access_require_process() RETURNS void LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT access_is_process() THEN
        RAISE EXCEPTION 'access_process_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

-- Counts of wrong tries are the process's: whoever runs SQL neither reads them nor gives anybody, or takes, a try.
ALTER TABLE access_try ENABLE ROW LEVEL SECURITY;
CREATE POLICY process ON access_try TO suyuan_app USING ((SELECT access_is_process())) WITH CHECK ((SELECT access_is_process()));

-- What is good once, a one-time password say, and was used: by a digest, until it is good no more. Gives whether it was new.
-- It takes the place of the framework's cache, whose values are read back as Python objects: whoever writes one runs a program.
DROP TABLE django_cache;
CREATE TABLE access_used (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32),
    ends_at timestamptz NOT NULL
);
CREATE INDEX access_used_ends ON access_used (ends_at);
CREATE FUNCTION access_use_once(p_digest bytea, p_seconds int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM access_require_process();
    DELETE FROM access_used WHERE ends_at < now();
    INSERT INTO access_used (digest, ends_at) VALUES (p_digest, now() + make_interval(secs => p_seconds))
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

-- Whether a code of the first administrators is still open: one is unused, and nobody was entered in another way.
CREATE FUNCTION access_founders_expected() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM access_activation WHERE used_at IS NULL) AND NOT EXISTS (
        SELECT FROM access_person p WHERE NOT EXISTS (
            SELECT FROM access_duty d WHERE d.person = p.person AND d.granted_by IS NULL AND d.reason = 'activation'))
$$;
REVOKE SELECT ON access_activation FROM suyuan_app;
-- The codes are the process's to offer: else whoever runs SQL before anybody came would be the founders.
CREATE OR REPLACE FUNCTION access_offer_codes(p_kinds text[], p_digests text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM access_require_process();
    IF EXISTS (SELECT FROM access_person) OR EXISTS (SELECT FROM access_activation WHERE used_at IS NOT NULL) THEN
        RETURN false;
    END IF;
    DELETE FROM access_activation;
    INSERT INTO access_activation (kind, digest) SELECT * FROM unnest(p_kinds, p_digests);
    RETURN true;
END $$;

-- Whether somebody knows the password of an account: `p_shown` is the whole Argon2 hash of what was typed. It answers the process
-- alone, which has counted the try in a transaction of its own: a count in here would be undone with the transaction of whoever asks.
CREATE FUNCTION access_check_password(p_account bigint, p_shown text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT access_is_process() AND coalesce(
        (SELECT verifier = sha256(convert_to(p_shown, 'UTF8')) FROM access_account WHERE id = p_account), false)
$$;

-- A session of twelve hours at most, for whoever shows the password of a live account.
CREATE FUNCTION access_open_session(p_account bigint, p_shown text, p_digest bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN access_check_password(p_account, p_shown) AND access_make_session(p_account, p_digest, 'password');
END $$;
-- Not granted: whoever calls it has checked.
CREATE FUNCTION access_make_session(p_account bigint, p_digest bytea, p_how text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM access_proof WHERE ends_at < now() - interval '1 day';
    INSERT INTO access_proof (digest, kind, person, account, epoch, how, ends_at)
    SELECT p_digest, 'session', a.person, a.id, a.epoch, p_how, now() + interval '12 hours'
    FROM access_account a JOIN access_person p ON p.person = a.person WHERE a.id = p_account AND a.is_active AND p.active;
    RETURN FOUND;
END $$;

CREATE FUNCTION access_vouch_session(p_account bigint, p_digest bytea, p_at bigint, p_code bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN access_vouched(concat('session ', p_account, ' ', encode(p_digest, 'hex')), p_at, p_code)
        AND access_make_session(p_account, p_digest, 'voucher');
END $$;

-- The account was signed in with just now: what counts for idle accounts.
CREATE FUNCTION access_signed_in(p_proof bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE access_account SET last_login = now() WHERE id = (access_shown(p_proof)).account;
END $$;
-- Whether a proof is worth anything now.
CREATE FUNCTION access_lives(p_proof bytea) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT (access_shown(p_proof)).person IS NOT NULL
$$;
-- Whoever holds a proof may end it.
CREATE FUNCTION access_end_proof(p_proof bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM access_proof WHERE digest = sha256(p_proof)
$$;
-- Everything a person is in by ends, but for one proof: sessions, tasks, tokens. Not granted.
CREATE FUNCTION access_end_ways(p_person bigint, p_but bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM access_proof WHERE person = p_person AND kind <> 'command' AND digest IS DISTINCT FROM p_but;
    UPDATE access_token t SET revoked_at = now() FROM access_account a
    WHERE a.id = t.account AND a.person = p_person AND t.revoked_at IS NULL AND t.expires_at > now();
$$;

-- One's own new password, with the old one. Other sessions and all tokens of the person end with the old one.
CREATE FUNCTION access_change_password(p_old text, p_new text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT access_check_password(access_account_now(), p_old) OR p_new !~ '^argon2\$argon2id\$' THEN
        RAISE EXCEPTION 'access_password_wrong' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE access_account SET password = p_new, password_at = now() WHERE id = access_account_now();
    PERFORM access_end_ways(access_person_now(), decode(current_setting('suyuan.proof'), 'hex'));
END $$;

-- A command acts for somebody who shows nothing: whoever runs it holds the owner's password file. Not granted.
CREATE FUNCTION access_command_ticket(p_person bigint, p_os_user text, p_digest bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM access_proof WHERE ends_at < now();
    INSERT INTO access_proof (digest, kind, person, os_user, ends_at)
    VALUES (p_digest, 'command', p_person, p_os_user, now() + interval '12 hours');
$$;

-- A job in the background acts for whoever queues it, under the ground they queue it under, until it ends or a week is over: also
-- after they signed out, so the process alone makes a ticket, and none comes of another. One by a token ends with the token.
CREATE FUNCTION access_task_ticket(p_job text, p_digest bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE mine access_duty := access_acting_duty(); channel text := access_sealed('channel');
BEGIN
    IF mine.duty IS NULL OR channel IS NULL OR channel = 'task' THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM access_require_process();
    INSERT INTO access_proof (digest, kind, person, ground, job, token, ends_at)
    VALUES (p_digest, 'task', mine.person, current_setting('suyuan.ground')::bigint, p_job,
        CASE channel WHEN 'token' THEN decode(access_sealed('proof'), 'hex') END, now() + interval '7 days');
END $$;

-- Tokens: made in the session of the account they are for, by a process that saw a fresh factor; revoked by its person. Else
-- whoever has a session's secret for an hour would have a token for a season.
CREATE OR REPLACE FUNCTION access_issue_token(p_account bigint, p_name text, p_digest bytea, p_days int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE made bigint;
BEGIN
    PERFORM FROM access_account a JOIN access_person p USING (person)
    WHERE a.id = p_account AND a.id = access_account_now() AND current_setting('suyuan.channel', true) = 'session'
      AND a.is_active AND p.active FOR UPDATE OF a;
    IF NOT FOUND THEN
        PERFORM access_refuse('access_token_account');
    END IF;
    PERFORM access_require_process();
    IF (SELECT count(*) FROM access_token WHERE account = p_account AND revoked_at IS NULL AND expires_at > now()) >= 10 THEN
        PERFORM access_refuse('access_token_many');
    END IF;
    INSERT INTO access_token (account, name, digest, expires_at)
    VALUES (p_account, p_name, p_digest, now() + make_interval(days => p_days)) RETURNING token INTO made;
    RETURN made;
END $$;
CREATE OR REPLACE FUNCTION access_revoke_token(p_account bigint, p_token bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE access_token t SET revoked_at = now() FROM access_account a
    WHERE t.token = p_token AND t.account = p_account AND t.revoked_at IS NULL AND a.id = t.account AND a.person = access_person_now();
    RETURN FOUND;
END $$;

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'access_proven()', 'access_sealed(text)', 'access_range(text, smallint)', 'access_duty_range(text[])', 'access_person_now()', 'access_account_now()',
         'access_enter(bigint, bigint, bytea)',
        'access_be(bytea)', 'access_be_process(bigint, bytea)', 'access_is_process()', 'access_use_once(bytea, int)',
        'access_founders_expected()', 'access_check_password(bigint, text)', 'access_open_session(bigint, text, bytea)',
        'access_vouch_session(bigint, bytea, bigint, bytea)', 'access_signed_in(bytea)', 'access_lives(bytea)', 'access_end_proof(bytea)',
        'access_change_password(text, text)', 'access_task_ticket(text, bytea)'] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO suyuan_app', f);
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION access_process_mark(), access_require_process(), access_shown(bytea), access_open_batch(uuid), access_make_session(bigint, bytea, text),
    access_range_rule(text), access_vouched(text, bigint, bytea), access_end_ways(bigint, bytea), access_command_ticket(bigint, text, bytea) FROM PUBLIC;
