-- The wall of the record tables (access/sql/wall.sql): each policy asks once a statement whether who acts was proven. The
-- sub-select makes that a step of its own before the rows; a bare call would be asked again at each round of a join.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['records_batch', 'records_chunk', 'records_record', 'records_key', 'records_link',
                             'records_setback', 'records_disposal'] LOOP
        EXECUTE format('ALTER POLICY in_scope ON %I USING ((SELECT access_proven()) AND access_in_scope(agency, level))', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['records_chunk', 'records_key', 'records_link'] LOOP
        EXECUTE format('ALTER POLICY collect ON %I WITH CHECK ((SELECT access_proven())
                        AND access_duty_now() = ''collector'' AND access_in_scope(agency, level))', t);
    END LOOP;
END $$;
ALTER POLICY in_scope ON records_revision USING (
    (SELECT access_proven()) AND access_in_scope(agency, level) AND (access_may_open(type, batch_id)
        OR (author = (SELECT access_person_now()) AND recorded_at > now() - interval '30 days')));
ALTER POLICY ones_own ON records_export USING (person = (SELECT access_person_now()));
ALTER POLICY collect ON records_batch WITH CHECK (
    (SELECT access_proven()) AND access_duty_now() = 'collector' AND collector = (SELECT access_person_now())
    AND agency = access_agency_now() AND access_in_scope(agency, level)
    AND state = 'open' AND digest IS NULL AND closed_at IS NULL);
ALTER POLICY collect ON records_record WITH CHECK (
    (SELECT access_proven()) AND access_duty_now() = 'collector' AND access_in_scope(agency, level)
    AND state = 'first_review' AND in_force_rev IS NULL AND latest_rev = 1);
ALTER POLICY collect ON records_revision WITH CHECK (
    access_duty_now() = 'collector' AND access_in_scope(agency, level) AND author = (SELECT access_person_now()));

-- Functions of the owner pass the policies, so they ask themselves.
CREATE OR REPLACE FUNCTION records_take_batch(p_batch uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE mine access_duty := access_acting_duty(); b records_batch;
BEGIN
    SELECT * INTO b FROM records_batch WHERE batch_id = p_batch;
    IF mine.duty IS NULL OR b.batch_id IS NULL OR NOT access_in_scope(b.agency, b.level) OR b.collector = mine.person
       OR NOT mine.kind = ANY (CASE b.state WHEN 'first_review' THEN ARRAY['first_reviewer']
            WHEN 'second_review' THEN ARRAY['second_reviewer', 'department_head']
            WHEN 'final_review' THEN ARRAY['final_reviewer'] ELSE ARRAY[]::text[] END) THEN
        RETURN false;
    END IF;
    PERFORM access_open_batch(p_batch);
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION records_search(
    p_type text, p_terms bigint[], p_terms_before bigint[], p_any bigint[], p_state text, p_before timestamptz, p_before_id uuid, p_limit int)
RETURNS TABLE (record_id uuid, at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_custom_plan SET max_parallel_workers_per_gather = 0 AS $$
BEGIN
    IF NOT access_proven() THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT DISTINCT r.record_id, r.at
    FROM records_revision v JOIN records_record r ON r.record_id = v.record_id AND v.rev IN (r.latest_rev, r.in_force_rev)
    WHERE (p_terms IS NULL OR v.terms @> p_terms OR v.terms @> p_terms_before) AND (p_any IS NULL OR v.terms && p_any)
      AND access_in_scope(v.agency, v.level) AND access_may_open(v.type, v.batch_id) AND (p_type IS NULL OR v.type = p_type)
      AND access_in_scope(r.agency, r.level)
      AND r.state = coalesce(p_state, r.state) AND r.state <> 'disposed'
      AND (p_before IS NULL OR (r.at, r.record_id) < (p_before, p_before_id))
    ORDER BY r.at DESC, r.record_id DESC LIMIT p_limit;
END $$;

CREATE OR REPLACE FUNCTION records_list(
    p_type text, p_state text, p_before timestamptz, p_before_id uuid, p_limit int)
RETURNS TABLE (record_id uuid, at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_custom_plan SET max_parallel_workers_per_gather = 0 AS $$
BEGIN
    IF NOT access_proven() THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT r.record_id, r.at FROM records_record r
    WHERE access_in_scope(r.agency, r.level) AND access_may_open(r.type, NULL) AND (p_type IS NULL OR r.type = p_type)
      AND r.state = coalesce(p_state, r.state) AND r.state <> 'disposed'
      AND (p_before IS NULL OR (r.at, r.record_id) < (p_before, p_before_id))
    ORDER BY r.at DESC, r.record_id DESC LIMIT p_limit;
END $$;

CREATE OR REPLACE FUNCTION records_hold(p_records uuid[]) RETURNS TABLE (record_id uuid, key_id int, wrapped_key bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT access_proven() THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT r.record_id, r.key_id, r.wrapped_key FROM records_record r
    WHERE r.record_id = ANY(p_records) AND access_in_scope(r.agency, r.level) ORDER BY r.record_id FOR NO KEY UPDATE;
END $$;

-- Who had to do with a record, for those whom it is in reach of.
CREATE OR REPLACE FUNCTION ledger_about(p_record uuid, p_limit int)
RETURNS TABLE (at bigint, act smallint, person bigint, ground bigint, agency bigint, rev int, sequenced boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT access_proven() OR NOT EXISTS (
        SELECT FROM records_record r WHERE r.record_id = p_record AND access_in_scope(r.agency, r.level)) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT e.at, e.act, e.person, e.ground, e.agency, e.rev,
           EXISTS (SELECT FROM ledger_leaf l WHERE l.writer = e.writer AND l.n = e.n)
    FROM ledger_entry e WHERE e.record = p_record OR e.shown @> ARRAY[p_record]
    ORDER BY e.at DESC LIMIT p_limit;
END $$;
