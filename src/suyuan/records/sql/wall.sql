-- The wall of the record tables: each policy takes what a context reaches as one sealed value (access/sql/wall.sql).

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['records_batch', 'records_chunk', 'records_record', 'records_key', 'records_link',
                             'records_setback', 'records_disposal'] LOOP
        EXECUTE format('ALTER POLICY in_scope ON %I USING (%s)', t, access_range_rule('see'));
    END LOOP;
    FOREACH t IN ARRAY ARRAY['records_chunk', 'records_key', 'records_link'] LOOP
        EXECUTE format('ALTER POLICY collect ON %I WITH CHECK (%s)', t, access_range_rule('collect'));
    END LOOP;
    EXECUTE format('ALTER POLICY in_scope ON records_revision USING (%s AND (%s
            OR type = ANY ((SELECT string_to_array(access_sealed(''open_types''), '',''))::text[])
            OR batch_id = (SELECT access_sealed(''batch'')::uuid)
            OR (author = (SELECT access_person_now()) AND recorded_at > now() - interval ''30 days'')))',
        access_range_rule('see'), access_range_rule('open'));
    EXECUTE format('ALTER POLICY collect ON records_batch WITH CHECK (%s AND collector = (SELECT access_person_now())
            AND state = ''open'' AND digest IS NULL AND closed_at IS NULL)', access_range_rule('collect'));
    EXECUTE format('ALTER POLICY collect ON records_record WITH CHECK (%s
            AND state = ''first_review'' AND in_force_rev IS NULL AND latest_rev = 1)', access_range_rule('collect'));
    EXECUTE format('ALTER POLICY collect ON records_revision WITH CHECK (%s AND author = (SELECT access_person_now()))',
        access_range_rule('collect'));
END $$;
ALTER POLICY ones_own ON records_export USING (person = (SELECT access_person_now()));
DROP FUNCTION access_duty_now(), access_agency_now();

-- Functions of the owner pass the policies, so they ask themselves.
-- A batch opens to whoever reviews it at its step; for the first review, to the entering side alone.
CREATE OR REPLACE FUNCTION records_take_batch(p_batch uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE mine access_duty := access_acting_duty(); b records_batch;
BEGIN
    SELECT * INTO b FROM records_batch WHERE batch_id = p_batch;
    IF mine.duty IS NULL OR b.batch_id IS NULL OR NOT access_in_scope(b.agency, b.level) OR b.collector = mine.person
       OR NOT access_within(mine.agency, b.agency)  -- an emergency reaches further, and reviews nothing there
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

CREATE OR REPLACE FUNCTION records_hold(p_records uuid[]) RETURNS TABLE (record_id uuid, key_id int, wrapped_key bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT access_proven() THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT r.record_id, r.key_id, r.wrapped_key FROM records_record r
    WHERE r.record_id = ANY(p_records) AND access_in_scope(r.agency, r.level)
      AND (r.state <> 'sealed' OR access_range('sealed', r.level) @> r.agency) ORDER BY r.record_id FOR NO KEY UPDATE;
END $$;

-- Who had to do with a record, for those whom it is in reach of.
CREATE OR REPLACE FUNCTION ledger_about(p_record uuid, p_limit int)
RETURNS TABLE (at bigint, act smallint, person bigint, ground bigint, agency bigint, rev int, sequenced boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT access_proven() OR NOT EXISTS (
        SELECT FROM records_record r WHERE r.record_id = p_record AND access_in_scope(r.agency, r.level)) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT e.at, e.act, e.person, e.ground, e.agency, e.rev,
           EXISTS (SELECT FROM ledger_leaf l WHERE l.writer = e.writer AND l.n = e.n)
    FROM ledger_entry e WHERE e.record = p_record OR e.shown @> ARRAY[p_record]
    ORDER BY e.at DESC LIMIT p_limit;
END $$;

-- The table into which an import is copied, empty. The owner makes it, since the application role may make no temporary table:
-- its statements would find that before the real one. Nothing of the owner reads it.
CREATE FUNCTION records_make_staging() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT access_proven() THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF to_regclass('pg_temp.records_staging') IS NOT NULL THEN
        TRUNCATE pg_temp.records_staging;
        RETURN;
    END IF;
    CREATE TEMPORARY TABLE records_staging (
        record_id uuid, rev int, agency bigint, level smallint, valid_from timestamptz, recorded_at timestamptz,
        author bigint, batch_id uuid, seq int, row_no int, final boolean, key_id int,
        key_digest bytea, mark bytea, digest bytea, wrapped_key bytea, facets jsonb, terms bigint[], content bytea,
        type text
    ) ON COMMIT DELETE ROWS;
    GRANT SELECT, INSERT ON pg_temp.records_staging TO suyuan_app;
END $$;
REVOKE EXECUTE ON FUNCTION records_make_staging() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_make_staging() TO suyuan_app;
