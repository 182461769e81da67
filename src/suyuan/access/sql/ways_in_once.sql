-- A newer way in takes the place of an earlier one of the same account: a code that opens is always the last that was made.

-- Asking anew, for a slip that was lost say, decides what still waits as not approved: one waits for each account and kind.
CREATE OR REPLACE FUNCTION access_ask_way_in(p_kind text, p_person bigint, p_username text, p_reason text, p_half bytea) RETURNS bigint
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

-- Confirming an earlier one after a later would wipe the password that the later one gave, for a code that opens nothing.
CREATE OR REPLACE FUNCTION access_decide_way_in(p_way bigint, p_approved boolean, p_half bytea) RETURNS void
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
