-- Who may review what, held against the tables of duties and not against what the session says of itself.

CREATE FUNCTION review_refuse(p_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', p_name USING ERRCODE = 'check_violation', CONSTRAINT = p_name;
END $$;

-- The acting person holds, today and in a live ground of their own, a duty of this step that reaches the batch;
-- the final reviewer's agency lies above the batch's.
CREATE FUNCTION review_may(p_batch uuid, p_step smallint) RETURNS records_batch
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE b records_batch;
BEGIN
    SELECT * INTO b FROM records_batch WHERE batch_id = p_batch FOR UPDATE;
    IF NOT FOUND OR b.state <> (ARRAY['first_review', 'second_review', 'final_review'])[p_step] THEN
        PERFORM review_refuse('review_step_not_open');
    END IF;
    IF NOT EXISTS (
        SELECT FROM access_ground g
        JOIN access_duty d ON d.duty = g.duty AND d.person = g.person
        JOIN access_person p ON p.person = g.person
        JOIN access_agency a ON a.agency = d.agency
        JOIN access_agency own ON own.agency = b.agency
        WHERE g.ground = NULLIF(current_setting('suyuan.ground', true), '')::bigint AND g.person = access_person_now()
          AND p.active AND now() >= g.starts_at AND now() < g.ends_at
          AND civil_today() >= d.starts_on AND civil_today() < d.ends_on
          AND d.kind = ANY (CASE p_step WHEN 1 THEN ARRAY['first_reviewer']
                            WHEN 2 THEN ARRAY['second_reviewer', 'department_head'] ELSE ARRAY['final_reviewer'] END)
          AND b.agency >= d.agency AND b.agency < d.agency + a.width AND b.level <= d.clearance
          AND (p_step < 3 OR a.width > own.width))
    THEN
        PERFORM review_refuse('review_duty_missing');
    END IF;
    IF b.collector = access_person_now() THEN
        PERFORM review_refuse('review_decision_not_the_author');
    END IF;
    RETURN b;
END $$;

-- How many rows are still with a batch at its step.
CREATE FUNCTION review_population(p_batch uuid) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT count(*)::int FROM records_revision v JOIN records_record r ON r.record_id = v.record_id AND r.latest_rev = v.rev
    JOIN records_batch b ON b.batch_id = v.batch_id WHERE v.batch_id = p_batch AND r.state = b.state
$$;

-- The smallest sample in which a batch with more than bound x population faulty rows would show at least one with
-- the stated confidence (hypergeometric, no fault accepted).
CREATE FUNCTION review_sample_size(p_population int, p_bound numeric, p_confidence numeric) RETURNS int
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE faulty int := floor(p_bound * p_population)::int + 1; n int := 0; missed double precision := 1;
BEGIN
    WHILE n < p_population AND missed > 1 - p_confidence LOOP
        missed := missed * greatest(p_population - faulty - n, 0) / (p_population - n);
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;

CREATE FUNCTION review_draw(p_batch uuid, p_step smallint, p_bound numeric, p_confidence numeric) RETURNS review_sample
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE b records_batch; drawn review_sample; held int; seed bytea;
BEGIN
    b := review_may(p_batch, p_step);
    SELECT * INTO drawn FROM review_sample
    WHERE batch_id = p_batch AND step = p_step AND reviewer = access_person_now();
    IF FOUND THEN
        RETURN drawn;                                        -- nobody draws again until the sample pleases
    END IF;
    held := review_population(p_batch);
    seed := sha256(b.digest || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
    INSERT INTO review_sample (batch_id, step, reviewer, agency, level, population, bound, confidence, seed, seqs)
    SELECT p_batch, p_step, access_person_now(), b.agency, b.level, held, p_bound, p_confidence, seed, coalesce(array_agg(seq), '{}')
    FROM (SELECT v.seq FROM records_revision v
          JOIN records_record r ON r.record_id = v.record_id AND r.latest_rev = v.rev
          WHERE v.batch_id = p_batch AND r.state = b.state
          ORDER BY sha256(seed || int4send(v.seq)) LIMIT review_sample_size(held, p_bound, p_confidence)) chosen
    RETURNING * INTO drawn;
    RETURN drawn;
END $$;

-- Every column of a sample as one digest for its ledger entry.
CREATE FUNCTION review_sample_head(s review_sample) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT sha256(convert_to(concat_ws('|', s.batch_id, s.step, s.reviewer, s.agency, s.level, s.population, s.bound,
        s.confidence, encode(s.seed, 'hex'), s.seqs, records_micros(s.at)), 'UTF8'))
$$;

CREATE FUNCTION review_decision_allowed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE b records_batch; held int;
BEGIN
    b := review_may(NEW.batch_id, NEW.step);
    IF NEW.reviewer <> access_person_now() THEN
        PERFORM review_refuse('review_reviewer_acts');
    END IF;
    IF NEW.agency <> b.agency OR NEW.level <> b.level THEN
        PERFORM review_refuse('review_same_place');
    END IF;
    -- The clock of a decision is the database's: nobody signs for yesterday.
    IF abs(extract(epoch FROM clock_timestamp() - NEW.at)) > 300 THEN
        PERFORM review_refuse('review_at_now');
    END IF;
    held := review_population(NEW.batch_id);
    IF NEW.outcome = 'approve' AND held > 20 AND NOT EXISTS (
        SELECT FROM review_sample s
        WHERE s.batch_id = NEW.batch_id AND s.step = NEW.step AND s.reviewer = NEW.reviewer
          AND cardinality(s.seqs) >= review_sample_size(least(s.population, held), 0.05, 0.9)
          AND NOT EXISTS (
              SELECT FROM unnest(s.seqs) AS wanted (seq) WHERE NOT EXISTS (
                  SELECT FROM review_look l WHERE l.batch_id = s.batch_id AND l.step = s.step
                    AND l.reviewer = s.reviewer AND l.seq = wanted.seq)))
    THEN
        PERFORM review_refuse('review_sample_unseen');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_decision_allowed BEFORE INSERT ON review_decision
    FOR EACH ROW EXECUTE FUNCTION review_decision_allowed();

CREATE FUNCTION review_decision_moves() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM records_advance(NEW.batch_id, NEW.step, NEW.outcome, NEW.at);
    RETURN NULL;
END $$;
CREATE TRIGGER review_decision_moves AFTER INSERT ON review_decision
    FOR EACH ROW EXECUTE FUNCTION review_decision_moves();

CREATE FUNCTION review_return_allowed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE b records_batch;
BEGIN
    b := review_may(NEW.batch_id, NEW.step);
    IF NEW.reviewer <> access_person_now() THEN
        PERFORM review_refuse('review_reviewer_acts');
    END IF;
    IF NOT EXISTS (SELECT FROM records_revision v WHERE v.record_id = NEW.record_id AND v.rev = NEW.rev
                   AND v.batch_id = NEW.batch_id AND v.agency = NEW.agency AND v.level = NEW.level) THEN
        PERFORM review_refuse('review_same_place');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_return_allowed BEFORE INSERT ON review_return
    FOR EACH ROW EXECUTE FUNCTION review_return_allowed();

CREATE FUNCTION review_return_moves() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM records_return(record_id, rev) FROM (SELECT DISTINCT record_id, rev FROM given_back) g;
    RETURN NULL;
END $$;
CREATE TRIGGER review_return_moves AFTER INSERT ON review_return
    REFERENCING NEW TABLE AS given_back FOR EACH STATEMENT EXECUTE FUNCTION review_return_moves();

-- What was decided stays decided.
CREATE FUNCTION review_unchangeable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'review_unchangeable' USING ERRCODE = 'check_violation', CONSTRAINT = 'review_unchangeable';
END $$;
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['review_decision', 'review_return', 'review_sample', 'review_look'] LOOP
        EXECUTE format('CREATE TRIGGER review_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION review_unchangeable()', t);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_functions ON %I TO suyuan_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY in_scope ON %I FOR SELECT TO suyuan_app USING (access_in_scope(agency, level))', t);
        EXECUTE format('GRANT SELECT ON %I TO suyuan_app', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['review_decision', 'review_return', 'review_look'] LOOP
        EXECUTE format('CREATE POLICY decide ON %I FOR INSERT TO suyuan_app
                        WITH CHECK (reviewer = access_person_now() AND access_in_scope(agency, level))', t);
        EXECUTE format('GRANT INSERT ON %I TO suyuan_app', t);
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION review_may(uuid, smallint), review_population(uuid), review_draw(uuid, smallint, numeric, numeric)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION review_population(uuid), review_draw(uuid, smallint, numeric, numeric) TO suyuan_app;
