-- The wall of the reviews' tables: each policy takes what a context reaches as one sealed value (access/sql/wall.sql).
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['review_decision', 'review_return', 'review_sample', 'review_look'] LOOP
        EXECUTE format('ALTER POLICY in_scope ON %I USING (%s)', t, access_range_rule('see'));
    END LOOP;
    FOREACH t IN ARRAY ARRAY['review_decision', 'review_return', 'review_look'] LOOP
        EXECUTE format('ALTER POLICY decide ON %I WITH CHECK (reviewer = (SELECT access_person_now()) AND %s)',
            t, access_range_rule('see'));
    END LOOP;
END $$;
