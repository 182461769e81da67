-- A batch opens to whoever reviews it at its step; for the first review, to the entering side alone.
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
    -- The first review is the entering side's own (norm 3.2.1).
    IF b.state = 'first_review' AND b.agency <> mine.agency THEN
        RETURN false;
    END IF;
    PERFORM access_open_batch(p_batch);
    RETURN true;
END $$;

-- Numbers only, and still the installation's: for its custodians at the root, and for what renews keys by the clock.
CREATE OR REPLACE FUNCTION records_under_keys() RETURNS TABLE (key_id int, records bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM access_require_unattended('storage_custodian');
    RETURN QUERY SELECT r.key_id, count(*) FROM records_record r GROUP BY 1;
END $$;
