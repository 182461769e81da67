-- The policies of what is on its way in take what a context reaches as one value (access/sql/reach.sql).
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['collection_import', 'collection_upload', 'collection_found', 'collection_draft',
                             'collection_delivery'] LOOP
        EXECUTE format('ALTER POLICY own ON %1$I USING (person = (SELECT access_person_now()) AND %2$s)
                        WITH CHECK (person = (SELECT access_person_now()) AND %2$s)', t, access_rule('see'));
    END LOOP;
END $$;
