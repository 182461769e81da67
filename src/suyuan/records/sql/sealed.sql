-- A sealed record is out of use (norm 1.3.1): it opens to a head of department under a ground that somebody assigned, and to nobody
-- else; the auditor of a request proves it without reading it. Beside the other policies, so that none of them lets one in.
DO $$ BEGIN
    EXECUTE format('CREATE POLICY sealed ON records_record AS RESTRICTIVE FOR SELECT TO suyuan_app
                    USING (state <> ''sealed'' OR %s)', access_range_rule('sealed'));
END $$;
-- Nor does it stand in a list or a search.
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
      AND r.state = coalesce(p_state, r.state) AND r.state NOT IN ('disposed', 'sealed')
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
      AND r.state = coalesce(p_state, r.state) AND r.state NOT IN ('disposed', 'sealed')
      AND (p_before IS NULL OR (r.at, r.record_id) < (p_before, p_before_id))
    ORDER BY r.at DESC, r.record_id DESC LIMIT p_limit;
END $$;
