-- Nobody hands out power alone (norm 4, 5.1.1, 5.1.2): granting a duty, raising a clearance and changing a policy are
-- proposals of one security administrator that another person approves. Taking power away needs one person only.

-- A duty that ends on the day it began was never live; so ending one is at once, on its first day too.
ALTER TABLE access_duty DROP CONSTRAINT access_duty_check, ADD CONSTRAINT access_duty_check CHECK (ends_on >= starts_on);

CREATE TABLE access_proposal (
    proposal bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    what text NOT NULL CHECK (what IN ('grant', 'clearance', 'limit', 'undertaking')),
    person bigint REFERENCES access_person,                 -- whom it concerns; NULL: everybody
    agency bigint NOT NULL REFERENCES access_agency,        -- where the power would reach; 0 for what concerns everybody
    kind text,                                              -- of the duty, or of the limit
    department bigint REFERENCES access_department,
    clearance smallint CHECK (clearance IN (1, 2)),
    starts_on date,
    ends_on date,
    duty bigint REFERENCES access_duty,                     -- whose clearance is to rise
    most int CHECK (most > 0),
    body text CHECK (length(body) BETWEEN 20 AND 20000),    -- of an undertaking
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    proposed_by bigint NOT NULL REFERENCES access_person,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    decided_by bigint REFERENCES access_person,
    decided_at timestamptz CHECK (decided_at >= proposed_at),
    approved boolean,
    CHECK ((decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (approved IS NULL)),
    CHECK (CASE what WHEN 'grant' THEN num_nulls(person, kind, clearance, starts_on, ends_on) = 0
                     WHEN 'clearance' THEN num_nulls(person, duty, clearance) = 0
                     WHEN 'limit' THEN num_nulls(kind, most) = 0 AND person IS NULL AND agency = 0
                     ELSE body IS NOT NULL AND person IS NULL AND agency = 0 END),
    -- By person, not by account. Who proposed it may withdraw it, never approve it.
    CONSTRAINT access_proposal_by_another CHECK (proposed_by <> person),
    CONSTRAINT access_proposal_approved_by_another CHECK (
        NOT approved OR (decided_by <> proposed_by AND decided_by IS DISTINCT FROM person))
);
CREATE INDEX access_proposal_waiting ON access_proposal (proposed_at) WHERE decided_at IS NULL;
GRANT SELECT ON access_proposal TO suyuan_app;

-- What was proposed is what is approved, and what was decided stays decided: for the owner too.
CREATE FUNCTION access_proposal_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.decided_at IS NULL
       AND to_jsonb(NEW) - '{decided_by,decided_at,approved}'::text[] = to_jsonb(OLD) - '{decided_by,decided_at,approved}'::text[] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'access_proposal_fixed' USING ERRCODE = 'check_violation', CONSTRAINT = 'access_proposal_fixed';
END $$;
CREATE TRIGGER access_proposal_fixed BEFORE UPDATE OR DELETE ON access_proposal
    FOR EACH ROW EXECUTE FUNCTION access_proposal_fixed();

-- One proposal makes one duty at most. Duties from before this rule stand, hence NOT VALID.
ALTER TABLE access_duty ADD COLUMN approved_by bigint REFERENCES access_person,
    ADD COLUMN proposal bigint UNIQUE REFERENCES access_proposal,
    ADD CONSTRAINT access_duty_approved_by_another CHECK (approved_by <> person AND approved_by <> granted_by),
    ADD CONSTRAINT access_duty_by_two CHECK (granted_by IS NULL OR num_nulls(approved_by, proposal) = 0) NOT VALID;

-- The acting person administers, by the tables, and the agency lies in the range of that duty.
CREATE FUNCTION access_require_over(p_duty text, p_agency bigint) RETURNS void LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty();
BEGIN
    IF mine.kind IS DISTINCT FROM p_duty OR NOT EXISTS (
        SELECT FROM access_agency a WHERE a.agency = mine.agency AND p_agency >= a.agency AND p_agency < a.agency + a.width)
    THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

-- Make a duty and the ground that comes with it. Not for the application role.
DROP FUNCTION IF EXISTS access_grant(bigint, text, bigint, bigint, smallint, date, date, text);
CREATE FUNCTION access_make_duty(p access_proposal) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE made bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM access_person WHERE person = p.person AND active) THEN
        PERFORM access_refuse('access_proposal_person_left');
    END IF;
    INSERT INTO access_duty (person, kind, agency, department, clearance, starts_on, ends_on, granted_by, approved_by, proposal, reason)
    VALUES (p.person, p.kind, p.agency, p.department, p.clearance, p.starts_on, p.ends_on,
        CASE WHEN p.approved THEN p.proposed_by END, p.decided_by, CASE WHEN p.approved THEN p.proposal END, p.reason)
    RETURNING duty INTO made;
    INSERT INTO access_ground (person, duty, kind, reason, starts_at, ends_at)
    VALUES (p.person, made, 'duty', p.reason, civil_start(p.starts_on), civil_start(p.ends_on));
    RETURN made;
END $$;

CREATE FUNCTION access_propose_duty(p_person bigint, p_kind text, p_agency bigint, p_department bigint, p_clearance smallint,
                                    p_starts date, p_ends date, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE made access_proposal;
BEGIN
    PERFORM access_require_over('security_administrator', p_agency);
    INSERT INTO access_proposal (what, person, agency, kind, department, clearance, starts_on, ends_on, reason, proposed_by)
    VALUES ('grant', p_person, p_agency, p_kind, p_department, p_clearance, p_starts, p_ends, p_reason, access_person_now())
    RETURNING * INTO made;
    -- Rehearsed and undone: what the rules of duties refuse is refused now and not when somebody approves it.
    BEGIN
        PERFORM access_make_duty(made);
        RAISE EXCEPTION 'rehearsed' USING ERRCODE = 'SY001';
    EXCEPTION WHEN SQLSTATE 'SY001' THEN NULL;
    END;
    RETURN made.proposal;
END $$;

CREATE FUNCTION access_propose_clearance(p_duty bigint, p_clearance smallint, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE d access_duty; made bigint;
BEGIN
    SELECT * INTO d FROM access_duty WHERE duty = p_duty AND civil_today() < ends_on;
    PERFORM access_require_over('security_administrator', d.agency);
    IF p_clearance <= d.clearance THEN
        PERFORM access_refuse('access_proposal_raises_nothing');
    END IF;
    INSERT INTO access_proposal (what, person, agency, duty, clearance, reason, proposed_by)
    VALUES ('clearance', d.person, d.agency, p_duty, p_clearance, p_reason, access_person_now()) RETURNING proposal INTO made;
    RETURN made;
END $$;

CREATE FUNCTION access_propose_limit(p_kind text, p_most int, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE made bigint;
BEGIN
    PERFORM access_require_over('security_administrator', 0);
    IF NOT EXISTS (SELECT FROM access_limit WHERE kind = p_kind) THEN
        PERFORM access_refuse('access_proposal_unknown_limit');
    END IF;
    INSERT INTO access_proposal (what, agency, kind, most, reason, proposed_by)
    VALUES ('limit', 0, p_kind, p_most, p_reason, access_person_now()) RETURNING proposal INTO made;
    RETURN made;
END $$;

-- Approve or refuse, once, within seven days, while whoever proposed it still holds the duty. Gives the duty it made.
CREATE FUNCTION access_decide_proposal(p_proposal bigint, p_approved boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE p access_proposal;
BEGIN
    SELECT * INTO p FROM access_proposal WHERE proposal = p_proposal FOR UPDATE;
    PERFORM access_require_over('security_administrator', p.agency);
    IF p.decided_at IS NOT NULL THEN
        PERFORM access_refuse('access_proposal_decided');
    END IF;
    IF clock_timestamp() >= p.proposed_at + interval '7 days' THEN
        PERFORM access_refuse('access_proposal_lapsed');
    END IF;
    IF p_approved AND NOT EXISTS (
        SELECT FROM access_duty d JOIN access_person o USING (person) JOIN access_agency a ON a.agency = d.agency
        WHERE d.person = p.proposed_by AND o.active AND d.kind = 'security_administrator'
          AND civil_today() >= d.starts_on AND civil_today() < d.ends_on
          AND p.agency >= a.agency AND p.agency < a.agency + a.width) THEN
        PERFORM access_refuse('access_proposal_proposer_left');
    END IF;
    UPDATE access_proposal SET decided_by = access_person_now(), decided_at = greatest(now(), proposed_at), approved = p_approved
    WHERE proposal = p_proposal RETURNING * INTO p;
    IF NOT p_approved THEN
        RETURN NULL;
    END IF;
    CASE p.what
        WHEN 'grant' THEN RETURN access_make_duty(p);
        WHEN 'clearance' THEN
            UPDATE access_duty SET clearance = p.clearance WHERE duty = p.duty AND clearance < p.clearance AND civil_today() < ends_on;
            IF NOT FOUND THEN
                PERFORM access_refuse('access_proposal_raises_nothing');
            END IF;
        WHEN 'limit' THEN UPDATE access_limit SET most = p.most WHERE kind = p.kind;
        ELSE PERFORM access_publish_undertaking(p);
    END CASE;
    RETURN NULL;
END $$;

-- Less power, at once, by one person.
CREATE OR REPLACE FUNCTION access_end_duty(p_duty bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM access_require_over('security_administrator', (SELECT agency FROM access_duty WHERE duty = p_duty));
    UPDATE access_ground SET ends_at = now() WHERE duty = p_duty AND ends_at > now();
    UPDATE access_duty SET ends_on = greatest(civil_today(), starts_on) WHERE duty = p_duty AND ends_on > civil_today();
END $$;
CREATE FUNCTION access_lower_clearance(p_duty bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM access_require_over('security_administrator', (SELECT agency FROM access_duty WHERE duty = p_duty));
    UPDATE access_duty SET clearance = 1 WHERE duty = p_duty;
END $$;

-- How many records lie in a range up to a level, for whoever decides on a proposal; counted no further than p_cap.
CREATE FUNCTION access_reach(p_lo bigint, p_hi bigint, p_above smallint, p_upto smallint, p_cap int) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM access_require_over('security_administrator', p_lo);
    RETURN (SELECT count(*) FROM (SELECT FROM records_record WHERE agency >= p_lo AND agency < p_hi
                                  AND level > p_above AND level <= p_upto LIMIT p_cap) AS reached);
END $$;

-- The first administrators of an empty installation: a code for each, since a second person is needed from the start.
ALTER TABLE access_activation DROP CONSTRAINT access_activation_pkey, ADD PRIMARY KEY (digest);
DROP FUNCTION IF EXISTS access_offer_codes(text[]);
CREATE FUNCTION access_offer_codes(p_kinds text[], p_digests text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM access_person) OR EXISTS (SELECT FROM access_activation WHERE used_at IS NOT NULL) THEN
        RETURN false;
    END IF;
    DELETE FROM access_activation;
    INSERT INTO access_activation (kind, digest) SELECT * FROM unnest(p_kinds, p_digests);
    RETURN true;
END $$;

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'access_make_duty(access_proposal)', 'access_require_over(text, bigint)',
        'access_propose_duty(bigint, text, bigint, bigint, smallint, date, date, text)',
        'access_propose_clearance(bigint, smallint, text)', 'access_propose_limit(text, int, text)',
        'access_decide_proposal(bigint, boolean)', 'access_end_duty(bigint)', 'access_lower_clearance(bigint)',
        'access_reach(bigint, bigint, smallint, smallint, int)', 'access_offer_codes(text[], text[])'] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        CONTINUE WHEN f LIKE 'access_make_duty%';
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO suyuan_app', f);
    END LOOP;
END $$;
