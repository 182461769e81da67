-- Purpose before access (norm 1.3.3, 5.1.2): records about people open only under a ground that somebody assigned.
-- The ground that comes with a duty is enough to collect, to review what waits, and to read what is about nobody.

ALTER TABLE access_ground DROP CONSTRAINT access_ground_kind_check;
ALTER TABLE access_ground ADD CONSTRAINT access_ground_kind_check CHECK (kind IN (
    'duty', 'case', 'review', 'tracking', 'survey', 'request', 'audit', 'shift', 'emergency'));
ALTER TABLE access_ground ADD COLUMN assigned_by bigint REFERENCES access_person,
    ADD CONSTRAINT access_ground_assigned_by_another CHECK (assigned_by <> person),
    -- Only what a duty brings lasts as long as the duty; everything else has an end from the start.
    ADD CONSTRAINT access_ground_ends CHECK (kind = 'duty' OR ends_at < 'infinity');

CREATE INDEX access_ground_review ON access_ground (reference) WHERE kind = 'review';

-- An officer asks, the head of a department answers.
CREATE TABLE access_ground_request (
    request bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person bigint NOT NULL REFERENCES access_person,
    duty bigint NOT NULL REFERENCES access_duty,
    kind text NOT NULL CHECK (kind IN ('case', 'review', 'tracking', 'survey', 'request', 'audit', 'shift')),
    reference text NOT NULL,
    reason text NOT NULL,
    ends_on date NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    decided_by bigint REFERENCES access_person CONSTRAINT access_ground_assigned_by_another CHECK (decided_by <> person),
    decided_at timestamptz,
    ground bigint REFERENCES access_ground,                 -- NULL once decided: refused
    CHECK ((decided_by IS NULL) = (decided_at IS NULL))
);
CREATE INDEX access_ground_request_open ON access_ground_request (person) WHERE decided_at IS NULL;

-- Emergency access, and what was said of it afterwards. Never deleted.
CREATE TABLE access_emergency (
    ground bigint PRIMARY KEY REFERENCES access_ground,
    person bigint NOT NULL REFERENCES access_person,
    agency bigint NOT NULL REFERENCES access_agency,
    reason text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    reviewed_by bigint REFERENCES access_person CONSTRAINT access_emergency_reviewed_by_another CHECK (reviewed_by <> person),
    reviewed_at timestamptz,
    justified boolean,
    note text NOT NULL DEFAULT '',
    CHECK ((reviewed_by IS NULL) = (reviewed_at IS NULL) AND (reviewed_by IS NULL) = (justified IS NULL))
);

-- How much one person may do under one ground in a stretch of time.
CREATE TABLE access_limit (
    kind text PRIMARY KEY CHECK (kind IN ('look', 'list', 'search', 'reveal', 'export')),
    stretch text NOT NULL CHECK (stretch IN ('hour', 'day')),
    most int NOT NULL CHECK (most > 0),
    most_in_emergency int NOT NULL CHECK (most_in_emergency >= 0),
    rows_at_once int                                        -- for exports
);
INSERT INTO access_limit VALUES ('look', 'hour', 120, 10, NULL), ('list', 'hour', 240, 10, NULL),
    ('search', 'hour', 120, 10, NULL), ('reveal', 'hour', 60, 10, NULL), ('export', 'day', 5, 0, 1000);
CREATE TABLE access_use (
    person bigint NOT NULL,
    ground bigint NOT NULL,
    kind text NOT NULL,
    since timestamptz NOT NULL,
    n int NOT NULL,
    PRIMARY KEY (person, ground, kind, since)
) WITH (fillfactor = 50);
GRANT SELECT ON access_ground_request, access_emergency, access_limit, access_use TO suyuan_app;

-- Duties whose work is with the content of records; nobody else reaches any.
CREATE FUNCTION access_reads(kind text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    kind IN ('collector', 'first_reviewer', 'second_reviewer', 'final_reviewer', 'department_head', 'analyst');

-- Enter the acting context of one's own live ground. An emergency reaches every agency, at the lowest level; whoever has
-- not signed the secrecy undertaking in force (undertaking.sql) reaches none.
DROP FUNCTION IF EXISTS access_enter(bigint, bigint);
CREATE FUNCTION access_enter(p_person bigint, p_ground bigint)
RETURNS TABLE (duty text, agency bigint, scope_lo bigint, scope_hi bigint, clearance smallint, name text, purpose text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    RETURN QUERY
    SELECT d.kind, d.agency,
           CASE WHEN NOT access_reads(d.kind) OR NOT access_signed(p.person) OR g.kind = 'emergency' THEN 0 ELSE d.agency END,
           CASE WHEN NOT access_reads(d.kind) OR NOT access_signed(p.person) THEN 0 WHEN g.kind = 'emergency' THEN root.width ELSE d.agency + a.width END,
           CASE g.kind WHEN 'emergency' THEN 1::smallint ELSE d.clearance END, p.name, g.kind
    FROM access_ground g
    JOIN access_duty d ON d.duty = g.duty AND d.person = g.person
    JOIN access_agency a ON a.agency = d.agency
    JOIN access_agency root ON root.agency = 0
    JOIN access_person p ON p.person = g.person
    WHERE g.ground = p_ground AND g.person = p_person AND p.active
      AND now() >= g.starts_at AND now() < g.ends_at AND civil_today() >= d.starts_on AND civil_today() < d.ends_on;
END $$;

-- Whether a row about people may be opened: under a purpose, or as part of the batch that is being reviewed.
CREATE FUNCTION access_may_open(type text, batch uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT NULLIF(current_setting('suyuan.purpose', true), '') <> 'duty'
        OR type = ANY (string_to_array(current_setting('suyuan.open_types', true), ','))
        OR batch = NULLIF(current_setting('suyuan.batch', true), '')::uuid
$$;

-- The acting person's duty as the tables have it, under the ground that the session names; NULL without a live one.
CREATE FUNCTION access_acting_duty() RETURNS access_duty
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT d.* FROM access_ground g JOIN access_duty d ON d.duty = g.duty AND d.person = g.person
    JOIN access_person p ON p.person = g.person
    WHERE g.ground = NULLIF(current_setting('suyuan.ground', true), '')::bigint AND g.person = access_person_now()
      AND p.active AND now() >= g.starts_at AND now() < g.ends_at
      AND civil_today() >= d.starts_on AND civil_today() < d.ends_on
$$;

CREATE FUNCTION access_refuse(p_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', p_name USING ERRCODE = 'check_violation', CONSTRAINT = p_name;
END $$;

-- The acting person heads a department whose range holds the agency of somebody else's duty.
CREATE FUNCTION access_require_head_of(p_person bigint, p_duty bigint) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty();
BEGIN
    IF mine.kind IS DISTINCT FROM 'department_head' OR NOT EXISTS (
        SELECT FROM access_duty d JOIN access_agency a ON a.agency = mine.agency
        WHERE d.duty = p_duty AND d.person = p_person AND d.agency >= a.agency AND d.agency < a.agency + a.width
          AND access_reads(d.kind) AND civil_today() < d.ends_on)
    THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE FUNCTION access_assign_ground(p_person bigint, p_duty bigint, p_kind text, p_reference text, p_reason text, p_ends date)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE made bigint;
BEGIN
    PERFORM access_require_head_of(p_person, p_duty);
    IF p_kind IN ('duty', 'emergency') OR p_ends <= civil_today() OR p_ends > civil_today() + 366 THEN
        PERFORM access_refuse('access_ground_dates');
    END IF;
    INSERT INTO access_ground (person, duty, kind, reference, reason, ends_at, assigned_by)
    VALUES (p_person, p_duty, p_kind, p_reference, p_reason, civil_start(p_ends), access_person_now())
    RETURNING ground INTO made;
    RETURN made;
END $$;

CREATE FUNCTION access_request_ground(p_kind text, p_reference text, p_reason text, p_ends date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty(); made bigint;
BEGIN
    IF mine.duty IS NULL OR NOT access_reads(mine.kind) THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF p_ends <= civil_today() OR p_ends > civil_today() + 366 THEN
        PERFORM access_refuse('access_ground_dates');
    END IF;
    INSERT INTO access_ground_request (person, duty, kind, reference, reason, ends_on)
    VALUES (mine.person, mine.duty, p_kind, p_reference, p_reason, p_ends) RETURNING request INTO made;
    RETURN made;
END $$;

-- Answer a request once; gives the new ground, or NULL where it is refused.
CREATE FUNCTION access_answer_ground(p_request bigint, p_granted boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE asked access_ground_request; made bigint;
BEGIN
    SELECT * INTO asked FROM access_ground_request WHERE request = p_request FOR UPDATE;
    PERFORM access_require_head_of(asked.person, asked.duty);
    IF asked.decided_at IS NOT NULL THEN
        PERFORM access_refuse('access_ground_answered');
    END IF;
    IF p_granted THEN
        made := access_assign_ground(asked.person, asked.duty, asked.kind, asked.reference, asked.reason, asked.ends_on);
    END IF;
    UPDATE access_ground_request SET decided_by = access_person_now(), decided_at = now(), ground = made
    WHERE request = p_request;
    RETURN made;
END $$;

-- A ground ends with the assignment: by its holder, or by a head who could have assigned it. At once, for open sessions too.
CREATE FUNCTION access_end_ground(p_ground bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE g access_ground;
BEGIN
    SELECT * INTO g FROM access_ground WHERE ground = p_ground AND kind <> 'duty' FOR UPDATE;
    IF g.person IS DISTINCT FROM access_person_now() THEN
        PERFORM access_require_head_of(g.person, g.duty);
    END IF;
    UPDATE access_ground SET ends_at = now() WHERE ground = p_ground AND ends_at > now();
END $$;

-- Break the glass: every agency, half an hour, few looks. Not again while an earlier one stands unreviewed after a day.
CREATE FUNCTION access_break_glass(p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty(); made bigint;
BEGIN
    IF mine.duty IS NULL OR NOT access_reads(mine.kind) OR mine.kind = 'analyst' THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_advisory_xact_lock(5375, mine.person::int);
    IF EXISTS (SELECT FROM access_emergency WHERE person = mine.person AND reviewed_at IS NULL AND at < now() - interval '24 hours') THEN
        PERFORM access_refuse('access_emergency_unreviewed');
    END IF;
    IF EXISTS (SELECT FROM access_emergency e JOIN access_ground g USING (ground)
               WHERE e.person = mine.person AND g.ends_at > now()) THEN
        PERFORM access_refuse('access_emergency_open');
    END IF;
    INSERT INTO access_ground (person, duty, kind, reason, ends_at)
    VALUES (mine.person, mine.duty, 'emergency', p_reason, now() + interval '30 minutes') RETURNING ground INTO made;
    INSERT INTO access_emergency (ground, person, agency, reason) VALUES (made, mine.person, mine.agency, p_reason);
    RETURN made;
END $$;

CREATE FUNCTION access_review_emergency(p_ground bigint, p_justified boolean, p_note text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty(); e access_emergency;
BEGIN
    SELECT * INTO e FROM access_emergency WHERE ground = p_ground FOR UPDATE;
    IF mine.kind IS DISTINCT FROM 'security_auditor' AND NOT EXISTS (
        SELECT FROM access_agency a WHERE mine.kind = 'department_head' AND a.agency = mine.agency
          AND e.agency >= a.agency AND e.agency < a.agency + a.width)
    THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF e.reviewed_at IS NOT NULL THEN
        PERFORM access_refuse('access_emergency_reviewed');
    END IF;
    UPDATE access_emergency SET reviewed_by = mine.person, reviewed_at = now(), justified = p_justified, note = p_note
    WHERE ground = p_ground;
    UPDATE access_ground SET ends_at = now() WHERE ground = p_ground AND ends_at > now();
END $$;

-- Count one use against its limit; gives the milliseconds to wait, which grow from half of the limit on.
CREATE FUNCTION access_spend(p_kind text) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE used int; allowed int; spell text;
BEGIN
    SELECT l.stretch, CASE WHEN current_setting('suyuan.purpose', true) = 'emergency' THEN l.most_in_emergency ELSE l.most END
    INTO spell, allowed FROM access_limit l WHERE l.kind = p_kind;
    INSERT INTO access_use AS u (person, ground, kind, since, n)
    VALUES (access_person_now(), NULLIF(current_setting('suyuan.ground', true), '')::bigint, p_kind, date_trunc(spell, now()), 1)
    ON CONFLICT (person, ground, kind, since) DO UPDATE SET n = u.n + 1 RETURNING u.n INTO used;
    IF used > allowed THEN
        PERFORM access_refuse('access_limit_reached');
    END IF;
    RETURN greatest(0, 2000::bigint * (2::bigint * used - allowed) / (2::bigint * allowed));
END $$;

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'access_enter(bigint, bigint)', 'access_acting_duty()', 'access_require_head_of(bigint, bigint)',
        'access_assign_ground(bigint, bigint, text, text, text, date)', 'access_request_ground(text, text, text, date)',
        'access_answer_ground(bigint, boolean)', 'access_end_ground(bigint)', 'access_break_glass(text)',
        'access_review_emergency(bigint, boolean, text)', 'access_spend(text)'] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO suyuan_app', f);
    END LOOP;
END $$;
