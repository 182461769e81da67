-- What an auditor sees and answers for has a range: what was done under duties of their own agency and those below it, by whomever;
-- and what people of those agencies did outside any duty (signing in). Not the acts that one of them did elsewhere, for others.
CREATE FUNCTION audit_sees(p_range int8range, p_ground bigint, p_agency bigint, p_home bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN lower(p_range) = 0 THEN true WHEN p_ground <> 0 THEN p_range @> p_agency
                ELSE coalesce(p_range @> p_home, false) END
$$;

-- An auditor notes something about the staff of their range, or about nobody: of it, or on duty in it.
CREATE FUNCTION audit_require_staff(p_person bigint) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE range int8range := audit_range();
BEGIN
    IF NOT EXISTS (SELECT FROM access_person WHERE person = p_person AND range @> agency)
       AND NOT EXISTS (SELECT FROM access_duty WHERE person = p_person AND range @> agency) THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION audit_search(p_person bigint, p_record uuid, p_ground bigint, p_acts smallint[], p_from bigint, p_to bigint,
                             p_before bigint, p_before_writer int, p_before_n bigint, p_limit int)
RETURNS TABLE (at bigint, writer int, n bigint, act smallint, person bigint, ground bigint, agency bigint, record uuid,
               rev int, batch uuid, shown int, detail jsonb, leaf bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
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
      AND audit_sees(range, e.ground, e.agency, p.agency)
    ORDER BY e.at DESC, e.writer DESC, e.n DESC LIMIT p_limit;
END $$;

CREATE OR REPLACE FUNCTION audit_entry(p_writer int, p_n bigint)
RETURNS TABLE (leaf bigint, writer int, n bigint, at bigint, act smallint, person bigint, ground bigint, agency bigint,
               record uuid, rev int, batch uuid, digest bytea, shown uuid[], detail jsonb, mac bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE range int8range := audit_range();
BEGIN
    RETURN QUERY
    SELECT l.index, e.writer, e.n, e.at, e.act, e.person, e.ground, e.agency, e.record, e.rev, e.batch, e.digest, e.shown,
           e.detail, e.mac
    FROM ledger_entry e LEFT JOIN ledger_leaf l ON l.writer = e.writer AND l.n = e.n
    LEFT JOIN access_person p ON p.person = e.person
    WHERE e.writer = p_writer AND e.n = p_n AND audit_sees(range, e.ground, e.agency, p.agency);
END $$;

CREATE OR REPLACE FUNCTION audit_counts(p_from bigint, p_to bigint) RETURNS TABLE (act smallint, entries bigint, people bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE range int8range := audit_range();
BEGIN
    RETURN QUERY
    SELECT e.act, count(*), count(DISTINCT e.person) FROM ledger_entry e LEFT JOIN access_person p ON p.person = e.person
    WHERE e.at >= p_from AND e.at < p_to AND audit_sees(range, e.ground, e.agency, p.agency) GROUP BY 1 ORDER BY 1;
END $$;

-- The sample of a week: of accesses under duties in range; the head of the duty's agency answers for each.
CREATE OR REPLACE FUNCTION audit_draw(p_monday date, p_seed bytea) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
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
    WHERE e.at >= since AND e.at < until AND e.act IN (3, 5, 6, 7, 8, 9) AND range @> e.agency;
    INSERT INTO audit_item (agency, monday, writer, n, person, unit)
    SELECT w.agency, w.monday, e.writer, e.n, e.person, e.agency
    FROM ledger_entry e JOIN access_person p ON p.person = e.person
    WHERE e.at >= since AND e.at < until AND e.act IN (3, 5, 6, 7, 8, 9) AND range @> e.agency
    ORDER BY sha256(p_seed || int4send(e.writer) || int8send(e.n)) LIMIT review_sample_size(held, 0.05, 0.95);
    UPDATE audit_week SET seed = p_seed, population = held, drawn_at = now() WHERE agency = w.agency AND monday = w.monday;
    RETURN (SELECT count(*) FROM audit_item WHERE agency = w.agency AND monday = w.monday);
END $$;

CREATE OR REPLACE FUNCTION audit_signals(p_from timestamptz, p_to timestamptz)
RETURNS TABLE (kind text, person bigint, record uuid, times bigint, since bigint, until bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE range int8range := audit_range();
BEGIN
    RETURN QUERY
    WITH looks AS MATERIALIZED (
        SELECT e.person, e.record, e.ground, e.at, to_timestamp(e.at / 1e6) AT TIME ZONE 'Asia/Shanghai' AS moment, p.agency,
               g.kind AS purpose, e.act
        FROM ledger_entry e JOIN access_person p ON p.person = e.person LEFT JOIN access_ground g ON g.ground = e.ground
        WHERE e.at >= records_micros(p_from) AND e.at < records_micros(p_to) AND e.act IN (3, 5, 6, 7, 8) AND audit_sees(range, e.ground, e.agency, p.agency)),
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

CREATE OR REPLACE FUNCTION audit_open_finding(p_agency bigint, p_source text, p_about bigint, p_matter text, p_owner bigint, p_due date)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE range int8range := audit_range(); made bigint;
BEGIN
    IF p_source = 'sample' OR NOT range @> p_agency THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF p_about IS NOT NULL THEN
        PERFORM audit_require_staff(p_about);
    END IF;
    INSERT INTO audit_finding (agency, source, about, matter, owner, due_on, opened_by)
    VALUES (p_agency, p_source, p_about, p_matter, p_owner, p_due, access_person_now()) RETURNING finding INTO made;
    RETURN made;
END $$;

CREATE OR REPLACE FUNCTION audit_note_staff(p_person bigint, p_record uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM audit_require_staff(p_person);
    INSERT INTO audit_staff_record VALUES (p_person, p_record) ON CONFLICT DO NOTHING;
END $$;
CREATE OR REPLACE FUNCTION audit_note_absence(p_person bigint, p_from date, p_to date, p_kind text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM audit_require_staff(p_person);
    INSERT INTO audit_absence VALUES (p_person, p_from, p_to, p_kind)
    ON CONFLICT (person, starts_on) DO UPDATE SET ends_on = excluded.ends_on, kind = excluded.kind;
END $$;

-- The proof of a record: a head or an auditor in whose range the record's agency lies. An emergency opens records beyond that
-- range to be looked at; nothing leaves under it.
CREATE OR REPLACE FUNCTION audit_may_prove(p_record uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE mine access_duty := access_acting_duty();
BEGIN
    RETURN coalesce(access_sealed('purpose'), 'emergency') <> 'emergency' AND EXISTS (
        SELECT FROM records_record r
        WHERE r.record_id = p_record AND access_within(mine.agency, r.agency) AND (mine.kind = 'security_auditor'
            OR (mine.kind = 'department_head' AND access_in_scope(r.agency, r.level)
                AND (r.state <> 'sealed' OR access_range('sealed', r.level) @> r.agency))));
END $$;

-- What left as a file under duties in range.
CREATE OR REPLACE FUNCTION audit_exports(p_before bigint, p_limit int)
RETURNS TABLE (export bigint, at timestamptz, person bigint, agency bigint, ground bigint, type text, format text, whole boolean,
               rows int, expires_on date, words bytea, digest bytea, writer int, n bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE range int8range := audit_range();
BEGIN
    RETURN QUERY
    SELECT x.export, x.at, x.person, x.agency, x.ground, x.type, x.format, x.whole, x.rows, x.expires_on, x.words, x.digest,
           e.writer, e.n
    FROM records_export x
    LEFT JOIN ledger_entry e ON e.person = x.person AND e.act = 8 AND (e.detail->>'export')::bigint = x.export
    WHERE range @> x.agency AND (p_before IS NULL OR x.export < p_before)
    ORDER BY x.export DESC LIMIT p_limit;
END $$;

-- What the clock begins: nobody acts, or an auditor of the whole.
CREATE OR REPLACE FUNCTION audit_begin_week(p_agency bigint, p_seed_digest bytea, p_sealed bytea) RETURNS date
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE begun date := civil_today() - (extract(isodow FROM civil_today())::int - 1);
BEGIN
    PERFORM access_require_unattended('security_auditor');
    IF NOT p_agency IN (SELECT audit_seats()) THEN
        PERFORM access_refuse('audit_draw_refused');
    END IF;
    INSERT INTO audit_week (agency, monday, seed_digest, sealed_seed) VALUES (p_agency, begun, p_seed_digest, p_sealed)
    ON CONFLICT DO NOTHING;
    RETURN CASE WHEN FOUND THEN begun END;
END $$;

CREATE OR REPLACE FUNCTION ledger_prune(p_most int) RETURNS SETOF ledger_pruning
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE gone int8multirange; many bigint; made ledger_pruning; cutoff bigint := (extract(epoch FROM ledger_cutoff()) * 1000000)::bigint;
BEGIN
    PERFORM access_require_unattended('security_auditor');
    PERFORM pg_advisory_xact_lock(5375, 28);
    SELECT range_agg(int8range(leaf, leaf + 1)), count(*) INTO gone, many FROM (
        SELECT l.index AS leaf FROM ledger_entry e JOIN ledger_leaf l ON l.writer = e.writer AND l.n = e.n
        WHERE e.act IN (3, 4, 5, 6, 20, 21, 22, 23, 24, 30) AND e.at < cutoff AND ledger_may_go(e, l.index) ORDER BY l.index LIMIT p_most) old;
    IF many = 0 THEN
        RETURN;
    END IF;
    INSERT INTO ledger_pruning (before, leaves, entries, size, root)
    SELECT cutoff, gone, many, size, root FROM ledger_checkpoint WHERE at < ledger_cutoff() ORDER BY at DESC LIMIT 1
    RETURNING * INTO made;
    DELETE FROM ledger_entry e USING ledger_leaf l
    WHERE l.writer = e.writer AND l.n = e.n AND l.index <@ gone;
    RETURN NEXT made;
END $$;

REVOKE EXECUTE ON FUNCTION audit_require_staff(bigint) FROM PUBLIC;
