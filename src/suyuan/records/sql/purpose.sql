-- Records about people open under a purpose only (norm 1.3.3, 5.1.2); what is about nobody opens to whoever reaches it.

-- A collector answers for what they entered (norm 4.1), and mends what reviewers send back, without asking first.
DROP POLICY in_scope ON records_revision;
CREATE POLICY in_scope ON records_revision FOR SELECT TO suyuan_app USING (
    access_in_scope(agency, level) AND (access_may_open(type, batch_id)
        OR (author = access_person_now() AND recorded_at > now() - interval '30 days')));

-- Take up a batch for review: until the transaction ends its rows are open to a person whose duty is the step it waits
-- for, or who has signed one of its steps already. Gives whether they are.
CREATE FUNCTION records_take_batch(p_batch uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty(); b records_batch;
BEGIN
    SELECT * INTO b FROM records_batch WHERE batch_id = p_batch;
    IF b.batch_id IS NULL OR NOT access_in_scope(b.agency, b.level) OR b.collector = mine.person
       OR NOT mine.kind = ANY (CASE b.state WHEN 'first_review' THEN ARRAY['first_reviewer']
            WHEN 'second_review' THEN ARRAY['second_reviewer', 'department_head']
            WHEN 'final_review' THEN ARRAY['final_reviewer'] ELSE ARRAY[]::text[] END) THEN
        RETURN false;
    END IF;
    PERFORM set_config('suyuan.batch', p_batch::text, true);
    RETURN true;
END $$;

-- A review is a ground of its own, for looking beyond the batch: at what a record said before, at what it refers to.
-- It ends with the step, or after a day.
CREATE FUNCTION records_review_ground(p_batch uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty(); made bigint;
BEGIN
    IF NOT records_take_batch(p_batch) THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT ground INTO made FROM access_ground
    WHERE person = mine.person AND duty = mine.duty AND kind = 'review' AND reference = p_batch::text AND ends_at > now();
    IF made IS NULL THEN
        INSERT INTO access_ground (person, duty, kind, reference, ends_at)
        VALUES (mine.person, mine.duty, 'review', p_batch::text, now() + interval '1 day') RETURNING ground INTO made;
    END IF;
    RETURN made;
END $$;
CREATE FUNCTION records_review_ends() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE access_ground SET ends_at = now() WHERE kind = 'review' AND reference = NEW.batch_id::text AND ends_at > now();
    RETURN NULL;
END $$;
CREATE TRIGGER records_review_ends AFTER UPDATE OF state ON records_batch
    FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION records_review_ends();
REVOKE EXECUTE ON FUNCTION records_take_batch(uuid), records_review_ground(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_take_batch(uuid), records_review_ground(uuid) TO suyuan_app;

-- Search. Array operators are not leakproof, so under a policy the planner may not use the GIN index; these
-- two apply the same predicates themselves. The plan must be made for the values at hand: a generic one
-- walks the date index. Starting a second process takes longer than the search.
-- A record is found that holds all of p_terms (or, where a rotation of keys has not reached it, of p_terms_before) and,
-- where p_any is given, one of those.
DROP FUNCTION IF EXISTS records_search(text, bigint[], text, timestamptz, uuid, int);
CREATE FUNCTION records_search(
    p_type text, p_terms bigint[], p_terms_before bigint[], p_any bigint[], p_state text, p_before timestamptz, p_before_id uuid, p_limit int)
RETURNS TABLE (record_id uuid, at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    SET plan_cache_mode = force_custom_plan SET max_parallel_workers_per_gather = 0 AS $$
BEGIN
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
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    SET plan_cache_mode = force_custom_plan SET max_parallel_workers_per_gather = 0 AS $$
BEGIN
    RETURN QUERY
    SELECT r.record_id, r.at FROM records_record r
    WHERE access_in_scope(r.agency, r.level) AND access_may_open(r.type, NULL) AND (p_type IS NULL OR r.type = p_type)
      AND r.state = coalesce(p_state, r.state) AND r.state <> 'disposed'
      AND (p_before IS NULL OR (r.at, r.record_id) < (p_before, p_before_id))
    ORDER BY r.at DESC, r.record_id DESC LIMIT p_limit;
END $$;
REVOKE EXECUTE ON FUNCTION records_search(text, bigint[], bigint[], bigint[], text, timestamptz, uuid, int) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION records_list(text, text, timestamptz, uuid, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_search(text, bigint[], bigint[], bigint[], text, timestamptz, uuid, int) TO suyuan_app;
GRANT EXECUTE ON FUNCTION records_list(text, text, timestamptz, uuid, int) TO suyuan_app;
