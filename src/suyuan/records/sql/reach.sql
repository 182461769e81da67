-- The policies of the record tables take what a context reaches as one value (access/sql/reach.sql).
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['records_batch', 'records_chunk', 'records_record', 'records_key', 'records_link',
                             'records_setback', 'records_disposal'] LOOP
        EXECUTE format('ALTER POLICY in_scope ON %I USING (%s)', t, access_rule('see'));
    END LOOP;
    FOREACH t IN ARRAY ARRAY['records_chunk', 'records_key', 'records_link'] LOOP
        EXECUTE format('ALTER POLICY collect ON %I WITH CHECK (%s)', t, access_rule('collect'));
    END LOOP;
    EXECUTE format('ALTER POLICY in_scope ON records_revision USING (%s AND (%s
            OR type = ANY ((SELECT string_to_array(access_sealed(''open_types''), '',''))::text[])
            OR batch_id = (SELECT access_sealed(''batch'')::uuid)
            OR (author = (SELECT access_person_now()) AND recorded_at > now() - interval ''30 days'')))',
        access_rule('see'), access_rule('open'));
    EXECUTE format('ALTER POLICY sealed ON records_record USING (state <> ''sealed'' OR %s)', access_rule('sealed'));
    EXECUTE format('ALTER POLICY collect ON records_batch WITH CHECK (%s AND collector = (SELECT access_person_now())
            AND state = ''open'' AND digest IS NULL AND closed_at IS NULL)', access_rule('collect'));
    EXECUTE format('ALTER POLICY collect ON records_record WITH CHECK (%s
            AND state = ''first_review'' AND in_force_rev IS NULL AND latest_rev = 1)', access_rule('collect'));
    EXECUTE format('ALTER POLICY collect ON records_revision WITH CHECK (%s AND author = (SELECT access_person_now()))',
        access_rule('collect'));
END $$;
DROP FUNCTION access_duty_now(), access_agency_now();
