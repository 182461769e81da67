-- The wall of the reviews' tables (access/sql/wall.sql): each policy asks once a statement whether who acts was proven.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['review_decision', 'review_return', 'review_sample', 'review_look'] LOOP
        EXECUTE format('ALTER POLICY in_scope ON %I USING ((SELECT access_proven()) AND access_in_scope(agency, level))', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['review_decision', 'review_return', 'review_look'] LOOP
        EXECUTE format('ALTER POLICY decide ON %I WITH CHECK (
            reviewer = (SELECT access_person_now()) AND access_in_scope(agency, level))', t);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION review_population(p_batch uuid) RETURNS int
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT access_proven() THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN (
        SELECT count(*) FROM records_revision v JOIN records_record r ON r.record_id = v.record_id AND r.latest_rev = v.rev
        JOIN records_batch b ON b.batch_id = v.batch_id
        WHERE v.batch_id = p_batch AND r.state = b.state);
END $$;
