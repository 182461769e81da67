-- The policies of the reviews' tables take what a context reaches as one value (access/sql/reach.sql).
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['review_decision', 'review_return', 'review_sample', 'review_look'] LOOP
        EXECUTE format('ALTER POLICY in_scope ON %I USING (%s)', t, access_rule('see'));
    END LOOP;
    FOREACH t IN ARRAY ARRAY['review_decision', 'review_return', 'review_look'] LOOP
        EXECUTE format('ALTER POLICY decide ON %I WITH CHECK (reviewer = (SELECT access_person_now()) AND %s)',
            t, access_rule('see'));
    END LOOP;
    EXECUTE format('ALTER POLICY own ON review_mark USING (reviewer = (SELECT access_person_now()) AND %1$s)
                    WITH CHECK (reviewer = (SELECT access_person_now()) AND %1$s)', access_rule('see'));
END $$;
