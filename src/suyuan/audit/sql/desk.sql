-- The auditor's desk (norm 5.3): reading the ledger for a lawful purpose, weekly reviews with a random sample of accesses,
-- findings, and questions about accesses that look odd. Entries reach the application through these functions only; each
-- checks the acting duty against the tables. Nothing here reads the content of a record.

CREATE TABLE audit_week (                                   -- one review a week and auditing agency
    agency bigint NOT NULL REFERENCES access_agency,
    monday date NOT NULL CHECK (extract(isodow FROM monday) = 1),
    seed_digest bytea NOT NULL,                             -- entered in the ledger when the week begins
    sealed_seed bytea NOT NULL,                             -- encrypted until the draw
    committed_at timestamptz NOT NULL DEFAULT now(),
    seed bytea,                                             -- open since the draw
    population int,
    drawn_at timestamptz,
    concluded_by bigint REFERENCES access_person,
    concluded_at timestamptz,
    conclusion text,
    PRIMARY KEY (agency, monday)
);
CREATE TABLE audit_item (                                   -- one sampled access
    agency bigint NOT NULL,
    monday date NOT NULL,
    writer int NOT NULL,
    n bigint NOT NULL,
    person bigint NOT NULL,
    unit bigint NOT NULL,                                   -- the agency whose head answers for it
    head bigint REFERENCES access_person,
    head_founded boolean,
    head_at timestamptz,
    auditor bigint REFERENCES access_person,
    auditor_founded boolean,
    auditor_at timestamptz,
    note text NOT NULL DEFAULT '',
    PRIMARY KEY (agency, monday, writer, n),
    FOREIGN KEY (agency, monday) REFERENCES audit_week,
    CONSTRAINT audit_item_not_ones_own CHECK (head <> person AND auditor <> person),
    CONSTRAINT audit_item_two_persons CHECK (head <> auditor)
);
CREATE TABLE audit_finding (
    finding bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agency bigint NOT NULL REFERENCES access_agency,        -- of the person it is about
    source text NOT NULL CHECK (source IN ('sample', 'signal', 'auditor')),
    writer int,
    n bigint,
    about bigint REFERENCES access_person,
    matter text NOT NULL,
    owner bigint NOT NULL REFERENCES access_person,
    due_on date NOT NULL,
    opened_by bigint NOT NULL REFERENCES access_person,
    opened_at timestamptz NOT NULL DEFAULT now(),
    outcome text,
    closed_by bigint REFERENCES access_person,
    closed_at timestamptz,
    CONSTRAINT audit_finding_outcome CHECK ((closed_at IS NULL) = (outcome IS NULL) AND outcome <> ''),
    CONSTRAINT audit_finding_not_by_its_subject CHECK (about IS NULL OR (opened_by <> about AND owner <> about AND closed_by <> about))
);
CREATE TABLE audit_staff_record (                           -- which record is about which member of staff
    person bigint NOT NULL REFERENCES access_person,
    record_id uuid NOT NULL,
    PRIMARY KEY (person, record_id)
);
CREATE TABLE audit_absence (                                -- leave, secondment, transfer
    person bigint NOT NULL REFERENCES access_person,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    kind text NOT NULL CHECK (kind IN ('leave', 'transfer')),
    PRIMARY KEY (person, starts_on),
    CHECK (ends_on > starts_on)
);
GRANT SELECT ON audit_week, audit_item, audit_finding TO suyuan_app;

-- The range of agencies an auditor answers for; an error for everybody else.
CREATE FUNCTION audit_range() RETURNS int8range
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty(); wide bigint;
BEGIN
    IF mine.kind IS DISTINCT FROM 'security_auditor' THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT width INTO wide FROM access_agency WHERE agency = mine.agency;
    RETURN int8range(mine.agency, mine.agency + wide);
END $$;

-- Entries of people in the auditor's range, newest first. `p_before` continues after an entry's time and place.
CREATE FUNCTION audit_search(p_person bigint, p_record uuid, p_ground bigint, p_acts smallint[], p_from bigint, p_to bigint,
                             p_before bigint, p_before_writer int, p_before_n bigint, p_limit int)
RETURNS TABLE (at bigint, writer int, n bigint, act smallint, person bigint, ground bigint, agency bigint, record uuid,
               rev int, batch uuid, shown int, detail jsonb, leaf bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan AS $$
DECLARE range int8range := audit_range();
BEGIN
    RETURN QUERY
    SELECT e.at, e.writer, e.n, e.act, e.person, e.ground, e.agency, e.record, e.rev, e.batch, cardinality(e.shown), e.detail,
           l.index
    FROM ledger_entry e LEFT JOIN access_person p ON p.person = e.person
    LEFT JOIN ledger_leaf l ON l.writer = e.writer AND l.n = e.n
    WHERE (p_person IS NULL OR e.person = p_person)
      AND (p_record IS NULL OR e.record = p_record OR e.shown @> ARRAY[p_record])
      AND (p_ground IS NULL OR e.ground = p_ground) AND (p_acts IS NULL OR e.act = ANY (p_acts))
      AND (p_from IS NULL OR e.at >= p_from) AND (p_to IS NULL OR e.at < p_to)
      AND (p_before IS NULL OR (e.at, e.writer, e.n) < (p_before, p_before_writer, p_before_n))
      AND coalesce(range @> p.agency, lower(range) = 0)
    ORDER BY e.at DESC, e.writer DESC, e.n DESC LIMIT p_limit;
END $$;

-- One entry whole, as it is hashed.
CREATE FUNCTION audit_entry(p_writer int, p_n bigint)
RETURNS TABLE (leaf bigint, writer int, n bigint, at bigint, act smallint, person bigint, ground bigint, agency bigint,
               record uuid, rev int, batch uuid, digest bytea, shown uuid[], detail jsonb, mac bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE range int8range := audit_range();
BEGIN
    RETURN QUERY
    SELECT l.index, e.writer, e.n, e.at, e.act, e.person, e.ground, e.agency, e.record, e.rev, e.batch, e.digest, e.shown,
           e.detail, e.mac
    FROM ledger_entry e LEFT JOIN ledger_leaf l ON l.writer = e.writer AND l.n = e.n
    LEFT JOIN access_person p ON p.person = e.person
    WHERE e.writer = p_writer AND e.n = p_n AND coalesce(range @> p.agency, lower(range) = 0);
END $$;

-- How many entries of each act in a stretch of time.
CREATE FUNCTION audit_counts(p_from bigint, p_to bigint) RETURNS TABLE (act smallint, entries bigint, people bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE range int8range := audit_range();
BEGIN
    RETURN QUERY
    SELECT e.act, count(*), count(DISTINCT e.person) FROM ledger_entry e LEFT JOIN access_person p ON p.person = e.person
    WHERE e.at >= p_from AND e.at < p_to AND coalesce(range @> p.agency, lower(range) = 0) GROUP BY 1 ORDER BY 1;
END $$;

-- Agencies at which somebody audits now.
CREATE FUNCTION audit_seats() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT DISTINCT agency FROM access_duty
    WHERE kind = 'security_auditor' AND civil_today() >= starts_on AND civil_today() < ends_on
$$;

-- The seed of a week, kept secret until the draw; its digest goes to the ledger with the caller's entry.
CREATE FUNCTION audit_open_week(p_monday date, p_seed_digest bytea, p_sealed bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO audit_week (agency, monday, seed_digest, sealed_seed) VALUES (lower(audit_range()), p_monday, p_seed_digest, p_sealed)
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

-- The same at the beginning of a week, for an agency where somebody audits, before anybody looks at the page.
CREATE FUNCTION audit_begin_week(p_agency bigint, p_seed_digest bytea, p_sealed bytea) RETURNS date
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE begun date := civil_today() - (extract(isodow FROM civil_today())::int - 1);
BEGIN
    IF NOT p_agency IN (SELECT audit_seats()) THEN
        PERFORM access_refuse('audit_draw_refused');
    END IF;
    INSERT INTO audit_week (agency, monday, seed_digest, sealed_seed) VALUES (p_agency, begun, p_seed_digest, p_sealed)
    ON CONFLICT DO NOTHING;
    RETURN CASE WHEN FOUND THEN begun END;
END $$;

-- Draw the sample of a week that is over: the accesses whose SHA-256 of seed, writer and number comes first. So many that
-- if more than 5 % had no reason, at least one of them would be drawn with 95 % confidence.
CREATE FUNCTION audit_draw(p_monday date, p_seed bytea) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    range int8range := audit_range();
    w audit_week;
    since bigint := records_micros(civil_start(p_monday));
    until bigint := records_micros(civil_start(p_monday + 7));
    held int;
BEGIN
    SELECT * INTO w FROM audit_week WHERE agency = lower(range) AND monday = p_monday FOR UPDATE;
    IF w.drawn_at IS NOT NULL THEN
        RETURN (SELECT count(*) FROM audit_item WHERE agency = w.agency AND monday = w.monday);
    END IF;
    IF w.monday IS NULL OR sha256(p_seed) <> w.seed_digest OR civil_today() < p_monday + 7 THEN
        PERFORM access_refuse('audit_draw_refused');
    END IF;
    SELECT count(*) INTO held FROM ledger_entry e JOIN access_person p ON p.person = e.person
    WHERE e.at >= since AND e.at < until AND e.act IN (3, 5, 6, 7, 8, 9) AND range @> p.agency;
    INSERT INTO audit_item (agency, monday, writer, n, person, unit)
    SELECT w.agency, w.monday, e.writer, e.n, e.person, p.agency
    FROM ledger_entry e JOIN access_person p ON p.person = e.person
    WHERE e.at >= since AND e.at < until AND e.act IN (3, 5, 6, 7, 8, 9) AND range @> p.agency
    ORDER BY sha256(p_seed || int4send(e.writer) || int8send(e.n)) LIMIT review_sample_size(held, 0.05, 0.95);
    UPDATE audit_week SET seed = p_seed, population = held, drawn_at = now() WHERE agency = w.agency AND monday = w.monday;
    RETURN (SELECT count(*) FROM audit_item WHERE agency = w.agency AND monday = w.monday);
END $$;

-- Items for the acting person: an auditor those of their range, a head those of their people, never one's own accesses.
CREATE FUNCTION audit_items(p_monday date)
RETURNS TABLE (agency bigint, monday date, writer int, n bigint, person bigint, unit bigint, head bigint, head_founded boolean,
               auditor bigint, auditor_founded boolean, note text, at bigint, act smallint, record uuid, ground bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty(); wide bigint;
BEGIN
    IF mine.kind IS NULL OR mine.kind NOT IN ('security_auditor', 'department_head') THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT a.width INTO wide FROM access_agency a WHERE a.agency = mine.agency;
    RETURN QUERY
    SELECT i.agency, i.monday, i.writer, i.n, i.person, i.unit, i.head, i.head_founded, i.auditor, i.auditor_founded, i.note,
           e.at, e.act, e.record, e.ground
    FROM audit_item i LEFT JOIN ledger_entry e ON e.writer = i.writer AND e.n = i.n
    WHERE (p_monday IS NULL OR i.monday = p_monday) AND i.unit >= mine.agency AND i.unit < mine.agency + wide
      AND (mine.kind = 'security_auditor' OR (i.person <> mine.person AND i.head IS NULL))
    ORDER BY i.monday DESC, e.at, i.writer, i.n LIMIT 500;
END $$;

-- Say whether the reason of a sampled access holds; once each for head and auditor. Where one of them says no, a finding
-- opens, with the auditor (or the head, until an auditor answers) as its owner.
CREATE FUNCTION audit_confirm(p_agency bigint, p_monday date, p_writer int, p_n bigint, p_founded boolean, p_note text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty(); wide bigint; i audit_item; made bigint;
BEGIN
    SELECT * INTO i FROM audit_item WHERE agency = p_agency AND monday = p_monday AND writer = p_writer AND n = p_n FOR UPDATE;
    SELECT width INTO wide FROM access_agency WHERE agency = mine.agency;
    IF i.unit IS NULL OR mine.kind IS NULL OR mine.kind NOT IN ('security_auditor', 'department_head')
       OR i.unit < mine.agency OR i.unit >= mine.agency + wide THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (CASE mine.kind WHEN 'security_auditor' THEN i.auditor ELSE i.head END) IS NOT NULL THEN
        PERFORM access_refuse('audit_item_answered');
    END IF;
    IF mine.kind = 'security_auditor' THEN
        UPDATE audit_item SET auditor = mine.person, auditor_founded = p_founded, auditor_at = now(), note = concat_ws('；', nullif(note, ''), nullif(p_note, ''))
        WHERE agency = p_agency AND monday = p_monday AND writer = p_writer AND n = p_n;
    ELSE
        UPDATE audit_item SET head = mine.person, head_founded = p_founded, head_at = now(), note = concat_ws('；', nullif(note, ''), nullif(p_note, ''))
        WHERE agency = p_agency AND monday = p_monday AND writer = p_writer AND n = p_n;
    END IF;
    IF NOT p_founded AND NOT EXISTS (SELECT FROM audit_finding WHERE source = 'sample' AND writer = p_writer AND n = p_n) THEN
        INSERT INTO audit_finding (agency, source, writer, n, about, matter, owner, due_on, opened_by)
        VALUES (i.unit, 'sample', p_writer, p_n, i.person, coalesce(nullif(p_note, ''), '-'), mine.person, civil_today() + 30, mine.person)
        RETURNING finding INTO made;
    END IF;
    RETURN made;
END $$;

CREATE FUNCTION audit_open_finding(p_agency bigint, p_source text, p_about bigint, p_matter text, p_owner bigint, p_due date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE range int8range := audit_range(); made bigint;
BEGIN
    IF NOT range @> p_agency OR p_source = 'sample' THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO audit_finding (agency, source, about, matter, owner, due_on, opened_by)
    VALUES (p_agency, p_source, p_about, p_matter, p_owner, p_due, access_person_now()) RETURNING finding INTO made;
    RETURN made;
END $$;

CREATE FUNCTION audit_close_finding(p_finding bigint, p_outcome text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE audit_finding SET outcome = p_outcome, closed_by = access_person_now(), closed_at = now()
    WHERE finding = p_finding AND closed_at IS NULL AND audit_range() @> agency;
    IF NOT FOUND THEN
        PERFORM access_refuse('audit_finding_closed');
    END IF;
END $$;

-- A week is concluded when its sample is answered, by an auditor, with words.
CREATE FUNCTION audit_conclude(p_monday date, p_conclusion text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE range int8range := audit_range();
BEGIN
    UPDATE audit_week w SET concluded_by = access_person_now(), concluded_at = now(), conclusion = p_conclusion
    WHERE w.agency = lower(range) AND w.monday = p_monday AND w.drawn_at IS NOT NULL AND w.concluded_at IS NULL AND p_conclusion <> ''
      AND NOT EXISTS (SELECT FROM audit_item i WHERE i.agency = w.agency AND i.monday = w.monday AND i.auditor IS NULL);
    IF NOT FOUND THEN
        PERFORM access_refuse('audit_week_open');
    END IF;
END $$;

CREATE FUNCTION audit_note_staff(p_person bigint, p_record uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    INSERT INTO audit_staff_record SELECT p_person, p_record WHERE audit_range() IS NOT NULL ON CONFLICT DO NOTHING
$$;
CREATE FUNCTION audit_note_absence(p_person bigint, p_from date, p_to date, p_kind text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    INSERT INTO audit_absence SELECT p_person, p_from, p_to, p_kind WHERE audit_range() IS NOT NULL
    ON CONFLICT (person, starts_on) DO UPDATE SET ends_on = excluded.ends_on, kind = excluded.kind
$$;

-- Questions about accesses, never verdicts about people: each row is one thing to be explained. Only looks, searches,
-- reveals, disclosures and exports count, since nothing else shows a person anything.
CREATE FUNCTION audit_signals(p_from timestamptz, p_to timestamptz)
RETURNS TABLE (kind text, person bigint, record uuid, times bigint, since bigint, until bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan AS $$
DECLARE range int8range := audit_range();
BEGIN
    RETURN QUERY
    WITH looks AS MATERIALIZED (
        SELECT e.person, e.record, e.ground, e.at, to_timestamp(e.at / 1e6) AT TIME ZONE 'Asia/Shanghai' AS moment, p.agency,
               g.kind AS purpose, e.act
        FROM ledger_entry e JOIN access_person p ON p.person = e.person LEFT JOIN access_ground g ON g.ground = e.ground
        WHERE e.at >= records_micros(p_from) AND e.at < records_micros(p_to) AND e.act IN (3, 5, 6, 7, 8) AND range @> p.agency),
    own AS (SELECT s.person, s.record_id, p.agency FROM audit_staff_record s JOIN access_person p ON p.person = s.person),
    -- What a member of staff's own record and a looked-at one have in common, by keyed terms: a name, an address.
    kin AS (
        SELECT DISTINCT l.person, l.record FROM looks l JOIN own o ON o.person = l.person AND o.record_id <> l.record
        JOIN records_record mine ON mine.record_id = o.record_id
        JOIN records_revision a ON a.record_id = o.record_id AND a.rev = coalesce(mine.in_force_rev, mine.latest_rev)
        JOIN records_record theirs ON theirs.record_id = l.record
        JOIN records_revision b ON b.record_id = l.record AND b.rev = coalesce(theirs.in_force_rev, theirs.latest_rev)
        WHERE l.record IS NOT NULL
          AND (SELECT count(*) FROM unnest(a.terms) AS t (term) WHERE t.term = ANY (b.terms)) * 2 >= cardinality(a.terms)
          AND cardinality(a.terms) > 4),
    days AS (SELECT l.person, l.moment::date AS day, count(*) AS looks, min(l.at) AS since, max(l.at) AS until FROM looks l GROUP BY 1, 2),
    usual AS (SELECT d.person, percentile_disc(0.5) WITHIN GROUP (ORDER BY d.looks) AS middle FROM days d GROUP BY 1)
    SELECT 'self', l.person, l.record, count(*), min(l.at), max(l.at)
        FROM looks l JOIN own o ON o.person = l.person AND o.record_id = l.record GROUP BY 2, 3
    UNION ALL
    SELECT 'colleague', l.person, l.record, count(*), min(l.at), max(l.at)
        FROM looks l JOIN own o ON o.record_id = l.record AND o.person <> l.person AND o.agency = l.agency GROUP BY 2, 3
    UNION ALL
    SELECT 'kin', l.person, l.record, count(*), min(l.at), max(l.at) FROM looks l JOIN kin k ON k.person = l.person AND k.record = l.record
        GROUP BY 2, 3
    UNION ALL
    SELECT 'off_hours', l.person, NULL, count(*), min(l.at), max(l.at) FROM looks l
        WHERE (extract(hour FROM l.moment) < 7 OR extract(hour FROM l.moment) >= 21) AND coalesce(l.purpose, '') NOT IN ('shift', 'emergency')
        GROUP BY l.person, l.moment::date
    UNION ALL
    SELECT 'absent', l.person, NULL, count(*), min(l.at), max(l.at) FROM looks l
        JOIN audit_absence a ON a.person = l.person AND l.moment::date >= a.starts_on AND l.moment::date < a.ends_on
        GROUP BY l.person, a.starts_on
    UNION ALL
    SELECT 'far', l.person, l.record, count(*), min(l.at), max(l.at) FROM looks l
        JOIN records_record r ON r.record_id = l.record
        JOIN LATERAL (SELECT c.agency AS lo, c.agency + c.width AS hi FROM access_agency c
                      WHERE c.kind = 'city' AND l.agency >= c.agency AND l.agency < c.agency + c.width) city ON true
        WHERE (r.agency < city.lo OR r.agency >= city.hi) AND coalesce(l.purpose, '') NOT IN ('request', 'emergency') GROUP BY 2, 3
    UNION ALL
    SELECT 'many', d.person, NULL, d.looks, d.since, d.until FROM days d JOIN usual u ON u.person = d.person
        WHERE d.looks >= 20 AND d.looks > 4 * u.middle
    UNION ALL
    SELECT 'repeated', l.person, l.record, count(*), min(l.at), max(l.at) FROM looks l
        WHERE l.record IS NOT NULL AND NOT EXISTS (
            SELECT FROM ledger_entry w WHERE w.person = l.person AND w.ground = l.ground AND w.act IN (1, 2, 12, 13)
              AND w.at >= records_micros(p_from) AND w.at < records_micros(p_to))
        GROUP BY l.person, l.record HAVING count(DISTINCT l.moment::date) >= 5;
END $$;

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'audit_range()', 'audit_search(bigint, uuid, bigint, smallint[], bigint, bigint, bigint, int, bigint, int)',
        'audit_entry(int, bigint)', 'audit_counts(bigint, bigint)', 'audit_open_week(date, bytea, bytea)', 'audit_draw(date, bytea)',
        'audit_seats()', 'audit_begin_week(bigint, bytea, bytea)',
        'audit_items(date)', 'audit_confirm(bigint, date, int, bigint, boolean, text)',
        'audit_open_finding(bigint, text, bigint, text, bigint, date)', 'audit_close_finding(bigint, text)',
        'audit_conclude(date, text)', 'audit_note_staff(bigint, uuid)', 'audit_note_absence(bigint, date, date, text)',
        'audit_signals(timestamptz, timestamptz)'] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO suyuan_app', f);
    END LOOP;
END $$;
