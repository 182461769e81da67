-- The acts of ways in (ways_in.sql), and what they take the place of: no administrator makes a password or sees one.

-- Counts up when two persons changed how somebody gets in; sessions hold the number they began with, and end with it.
ALTER TABLE access_account ALTER COLUMN epoch SET DEFAULT 0;
-- A first password that an administrator saw, and nobody has changed, opens nothing any more: two persons make another way in.
UPDATE access_account SET password = '!' || gen_random_uuid(), must_change = false WHERE must_change;

ALTER TABLE access_way_in ADD CONSTRAINT access_way_in_username CHECK (kind <> 'account' OR username ~ '^[A-Za-z0-9_.-]{2,60}$');

-- Somebody, by the tables and today, administers with one of these duties, and its range holds a person and all their duties.
CREATE FUNCTION access_administers(p_admin bigint, p_duties text[], p_person bigint) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM access_duty m JOIN access_person o USING (person), access_person p
        WHERE m.person = p_admin AND o.active AND m.kind = ANY (p_duties) AND p.person = p_person
          AND civil_today() >= m.starts_on AND civil_today() < m.ends_on AND access_within(m.agency, p.agency)
          AND NOT EXISTS (SELECT FROM access_duty d WHERE d.person = p_person AND civil_today() < d.ends_on
                          AND NOT access_within(m.agency, d.agency)))
$$;

-- Ask for a way in of somebody else: an account by a system administrator, the rest by a system or security administrator.
-- Asking anew, for a slip that was lost say, decides what still waits as not approved: one waits for each account and kind.
CREATE FUNCTION access_ask_way_in(p_kind text, p_person bigint, p_username text, p_reason text, p_half bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE made bigint; held bigint;
BEGIN
    PERFORM access_require_person(CASE p_kind WHEN 'account' THEN ARRAY['system_administrator']
        ELSE ARRAY['system_administrator', 'security_administrator'] END, p_person);
    SELECT id INTO held FROM access_account
    WHERE username = p_username AND (p_kind = 'account' OR person = p_person);
    IF p_kind = 'account' AND held IS NOT NULL THEN
        PERFORM access_refuse('access_account_username_key');
    ELSIF p_kind <> 'account' AND held IS NULL THEN
        PERFORM access_refuse('access_way_in_account');
    ELSIF NOT EXISTS (SELECT FROM access_person WHERE person = p_person AND active) THEN
        PERFORM access_refuse('access_proposal_person_left');
    END IF;
    UPDATE access_way_in SET decided_by = access_person_now(), decided_at = greatest(now(), asked_at), approved = false
    WHERE username = p_username AND person = p_person AND kind = p_kind AND decided_at IS NULL
      AND clock_timestamp() < asked_at + access_way_in_days();
    INSERT INTO access_way_in (kind, person, username, reason, asked_by, first_half)
    VALUES (p_kind, p_person, p_username, p_reason, access_person_now(), p_half) RETURNING way INTO made;
    RETURN made;
END $$;

-- Confirm what somebody else asked, or refuse it (or withdraw one's own). What was opened ends the person's sessions and tokens.
-- Confirming an earlier one after a later would wipe the password that the later one gave, for a code that opens nothing.
CREATE FUNCTION access_decide_way_in(p_way bigint, p_approved boolean, p_half bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE w access_way_in; held bigint; admins text[] := ARRAY['system_administrator', 'security_administrator'];
BEGIN
    SELECT * INTO w FROM access_way_in WHERE way = p_way FOR UPDATE;
    PERFORM access_require_person(admins, w.person);
    IF w.decided_at IS NOT NULL THEN
        PERFORM access_refuse('access_way_in_decided');
    ELSIF clock_timestamp() >= w.asked_at + access_way_in_days() THEN
        PERFORM access_refuse('access_way_in_lapsed');
    ELSIF p_approved AND EXISTS (
        SELECT FROM access_way_in l WHERE l.username = w.username AND l.person = w.person AND l.way > w.way
          AND ((l.kind = w.kind AND l.decided_at IS NULL)
               OR (l.approved AND (l.kind = w.kind OR 'unlock' NOT IN (l.kind, w.kind))))) THEN
        PERFORM access_refuse('access_way_in_superseded');
    ELSIF p_approved AND NOT access_administers(w.asked_by, admins, w.person) THEN
        PERFORM access_refuse('access_way_in_asker_left');
    ELSIF p_approved AND NOT EXISTS (SELECT FROM access_person WHERE person = w.person AND active) THEN
        PERFORM access_refuse('access_proposal_person_left');
    END IF;
    IF p_approved THEN
        held := access_open_way_in(w);
    END IF;
    UPDATE access_way_in SET decided_by = access_person_now(), decided_at = greatest(now(), asked_at), approved = p_approved,
        second_half = CASE WHEN p_approved AND kind <> 'unlock' THEN p_half END, account = held
    WHERE way = p_way;
END $$;

-- What a confirmation does; gives the account. Called by access_decide_way_in only.
CREATE FUNCTION access_open_way_in(w access_way_in) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE held bigint; nothing text := '!' || gen_random_uuid();
BEGIN
    IF w.kind = 'account' THEN
        INSERT INTO access_account (password, username, person, email, is_active)
        VALUES (nothing, w.username, w.person, '', true) RETURNING id INTO held;
    ELSE
        SELECT id INTO held FROM access_account WHERE username = w.username AND person = w.person FOR UPDATE;
    END IF;
    IF w.kind = 'unlock' THEN
        DELETE FROM access_try WHERE username = w.username;
        RETURN held;
    END IF;
    UPDATE access_account SET password = nothing WHERE id = held;
    IF w.kind = 'factors' THEN
        DELETE FROM mfa_authenticator WHERE user_id = held;
    END IF;
    UPDATE access_account SET epoch = epoch + 1 WHERE person = w.person;
    UPDATE access_token SET revoked_at = now()
    WHERE revoked_at IS NULL AND account IN (SELECT id FROM access_account WHERE person = w.person);
    RETURN held;
END $$;

-- Set a password by a code, once. No row: no such account, or no code of it open. `opened` false: one half was wrong, which
-- counts, and five of which end the code. Where both are wrong nothing counts, so that nobody outside can end one: 160 bits
-- need no counting, while whoever was shown one half may try the other. Without a hash it only looks, so that nothing dear
-- has to be worked out for a wrong code.
CREATE FUNCTION access_use_way_in(p_username text, p_first bytea, p_second bytea, p_hash text)
RETURNS TABLE (person bigint, opened boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE w access_way_in; ok boolean;
BEGIN
    SELECT * INTO w FROM access_way_in x WHERE x.username = p_username AND x.approved AND x.kind <> 'unlock'
    ORDER BY x.way DESC LIMIT 1 FOR UPDATE;
    IF w.way IS NULL OR w.used_at IS NOT NULL OR w.tries >= 5 OR w.decided_at <= clock_timestamp() - access_way_in_days()
       OR (w.first_half <> p_first AND w.second_half <> p_second) THEN
        RETURN;
    END IF;
    ok := w.first_half = p_first AND w.second_half = p_second;
    IF ok AND p_hash IS NOT NULL THEN
        UPDATE access_way_in SET used_at = clock_timestamp() WHERE way = w.way;
        UPDATE access_account SET password = p_hash, password_at = now(), epoch = epoch + 1 WHERE id = w.account;
    ELSIF NOT ok THEN
        UPDATE access_way_in SET tries = tries + 1 WHERE way = w.way;
    END IF;
    RETURN QUERY SELECT w.person, ok;
END $$;

-- Whether somebody needs a second factor: who holds one of the three administrations, or where everybody needs one. Those for
-- whom the agency's identity provider vouches have theirs there.
CREATE FUNCTION access_needs_factor(p_person bigint, p_account bigint) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN NOT EXISTS (SELECT FROM socialaccount_socialaccount WHERE user_id = p_account) AND (
        EXISTS (SELECT FROM access_limit WHERE kind = 'second_factor' AND most = 2)
        OR EXISTS (SELECT FROM access_duty WHERE person = p_person AND power <> 0 AND civil_today() < ends_on));
END $$;

-- Ways in that the person has come through: signed in since with the password that they set, and, where one is needed, with a
-- factor, which is a new one unless only the password was lost. Their grounds are open again. Gives how many.
CREATE FUNCTION access_finish_ways_in(p_person bigint) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE many int;
BEGIN
    PERFORM access_require_process();                       -- see wall.sql
    UPDATE access_way_in w SET done_at = now() FROM access_account a
    WHERE w.person = p_person AND a.id = w.account AND w.used_at IS NOT NULL AND w.done_at IS NULL AND a.last_login > w.used_at
      AND (NOT access_needs_factor(w.person, w.account) OR EXISTS (
          SELECT FROM mfa_authenticator m WHERE m.user_id = w.account AND m.type IN ('totp', 'webauthn')
            AND m.last_used_at > w.used_at AND (w.kind = 'password' OR m.created_at > w.decided_at)));
    GET DIAGNOSTICS many = ROW_COUNT;
    RETURN many;
END $$;

-- A later way in of the same account takes the place of an earlier one.
CREATE OR REPLACE FUNCTION access_grounds_closed(p_person bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM access_way_in w WHERE person = p_person AND approved AND kind <> 'unlock' AND done_at IS NULL
          AND (used_at IS NOT NULL OR (tries < 5 AND decided_at > now() - access_way_in_days()))
          AND NOT EXISTS (SELECT FROM access_way_in l WHERE l.username = w.username AND l.approved AND l.kind <> 'unlock'
                          AND l.way > w.way))
$$;

DROP FUNCTION access_add_account(bigint, text, text), access_unlock(text), access_reset_factors(bigint);

-- The founders of an empty installation, each by a code of their own, and nobody after them: one system administrator, two
-- security administrators, one auditor, before anybody was entered in another way.
CREATE OR REPLACE FUNCTION access_activate(p_kind text, p_digest text, p_staff_no text, p_name text, p_username text, p_hash text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE made bigint; duty_made bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(5375, 1);
    UPDATE access_activation SET used_at = now() WHERE kind = p_kind AND digest = p_digest AND used_at IS NULL;
    IF NOT FOUND
       OR EXISTS (SELECT FROM access_person p WHERE NOT EXISTS (
           SELECT FROM access_duty d WHERE d.person = p.person AND d.granted_by IS NULL AND d.reason = 'activation'))
       OR (SELECT count(*) FROM access_duty WHERE kind = p_kind AND granted_by IS NULL AND reason = 'activation')
          >= (CASE p_kind WHEN 'security_administrator' THEN 2 ELSE 1 END) THEN
        RAISE EXCEPTION 'access_activation_code' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF p_staff_no !~ '^[A-Za-z0-9]{2,20}$' THEN
        RAISE EXCEPTION 'access_staff_no' USING ERRCODE = 'check_violation', CONSTRAINT = 'access_staff_no';
    END IF;
    INSERT INTO access_person (staff_no, name, agency) VALUES (p_staff_no, p_name, 0) RETURNING person INTO made;
    INSERT INTO access_account (password, username, person, email, is_active)
    VALUES (p_hash, p_username, made, '', true);
    INSERT INTO access_duty (person, kind, agency, reason) VALUES (made, p_kind, 0, 'activation') RETURNING duty INTO duty_made;
    INSERT INTO access_ground (person, duty, kind, reason) VALUES (made, duty_made, 'duty', 'activation');
    RETURN made;
END $$;

-- A code that was used stays, as it was used: for the owner too. Until the first is used each start makes new ones.
CREATE FUNCTION access_activation_fixed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.used_at IS NOT NULL OR (TG_OP = 'UPDATE' AND (NEW.kind, NEW.digest) IS DISTINCT FROM (OLD.kind, OLD.digest)) THEN
        RAISE EXCEPTION 'access_activation_fixed' USING ERRCODE = 'check_violation', CONSTRAINT = 'access_activation_fixed';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER access_activation_fixed BEFORE UPDATE OR DELETE ON access_activation
    FOR EACH ROW EXECUTE FUNCTION access_activation_fixed();

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'access_administers(bigint, text[], bigint)', 'access_open_way_in(access_way_in)', 'access_needs_factor(bigint, bigint)',
        'access_ask_way_in(text, bigint, text, text, bytea)', 'access_decide_way_in(bigint, boolean, bytea)',
        'access_use_way_in(text, bytea, bytea, text)', 'access_finish_ways_in(bigint)'] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        CONTINUE WHEN f ~ '^access_(administers|open|needs)';
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO suyuan_app', f);
    END LOOP;
END $$;
