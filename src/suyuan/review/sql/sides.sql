-- Which side reviews: the entering agency first, a superior one (or another department of the root) last.
CREATE OR REPLACE FUNCTION review_may(p_batch uuid, p_step smallint) RETURNS records_batch
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
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
          -- The first review is the entering side's own (norm 3.2.1); the final one a superior agency's, or, for the root's own
          -- data, that of a leader of another department there (3.2.3).
          AND (p_step <> 1 OR d.agency = b.agency)
          AND (p_step < 3 OR a.width > own.width OR (b.agency = 0 AND EXISTS (
              SELECT FROM access_person c WHERE c.person = b.collector AND c.department <> coalesce(d.department, p.department)))))
    THEN
        PERFORM review_refuse('review_duty_missing');
    END IF;
    IF b.collector = access_person_now() THEN
        PERFORM review_refuse('review_decision_not_the_author');
    END IF;
    RETURN b;
END $$;

-- How many rows are still with a batch in reach.
CREATE OR REPLACE FUNCTION review_population(p_batch uuid) RETURNS int
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT access_proven() THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN (
        SELECT count(*) FROM records_revision v JOIN records_record r ON r.record_id = v.record_id AND r.latest_rev = v.rev
        JOIN records_batch b ON b.batch_id = v.batch_id
        WHERE v.batch_id = p_batch AND r.state = b.state AND access_in_scope(b.agency, b.level));
END $$;
