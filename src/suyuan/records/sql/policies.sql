-- Row level security is the wall. The application role sees what its acting context reaches and adds only
-- what it collects itself, under the duty to collect (norm 4.1); the owner's policy exists for the SECURITY DEFINER functions in functions.sql.

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['records_batch', 'records_chunk', 'records_record', 'records_revision',
                             'records_key', 'records_link', 'records_setback'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_functions ON %I TO suyuan_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY in_scope ON %I FOR SELECT TO suyuan_app USING (access_in_scope(agency, level))', t);
        EXECUTE format('GRANT SELECT ON %I TO suyuan_app', t);
    END LOOP;
END $$;

CREATE POLICY collect ON records_batch FOR INSERT TO suyuan_app WITH CHECK (
    access_duty_now() = 'collector' AND collector = access_person_now() AND agency = access_agency_now() AND access_in_scope(agency, level)
    AND state = 'open' AND digest IS NULL AND closed_at IS NULL);
CREATE POLICY collect ON records_chunk FOR INSERT TO suyuan_app WITH CHECK (
    access_duty_now() = 'collector' AND access_in_scope(agency, level));
CREATE POLICY collect ON records_record FOR INSERT TO suyuan_app WITH CHECK (
    access_duty_now() = 'collector' AND access_in_scope(agency, level) AND state = 'first_review' AND in_force_rev IS NULL AND latest_rev = 1);
CREATE POLICY collect ON records_revision FOR INSERT TO suyuan_app WITH CHECK (
    access_duty_now() = 'collector' AND access_in_scope(agency, level) AND author = access_person_now());
CREATE POLICY collect ON records_key FOR INSERT TO suyuan_app WITH CHECK (
    access_duty_now() = 'collector' AND access_in_scope(agency, level));
CREATE POLICY collect ON records_link FOR INSERT TO suyuan_app WITH CHECK (
    access_duty_now() = 'collector' AND access_in_scope(agency, level));
GRANT INSERT ON records_batch, records_chunk, records_record, records_revision, records_key, records_link TO suyuan_app;
