-- Renewing keys while people work (norm 5.2.1): contents are encrypted anew where they lie, under other keys.

-- How many layers an identity digest has (see vault/layers.py).
ALTER TABLE records_key ADD COLUMN depth smallint NOT NULL DEFAULT 1;

-- Writers share this lock until they commit; a rotation takes it alone for the moment in which another key becomes current.
CREATE FUNCTION records_keys_lock() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 1400204627;

-- The records that an amendment is about, kept from a rotation until the transaction ends, with the keys they have now.
CREATE FUNCTION records_hold(p_records uuid[]) RETURNS TABLE (record_id uuid, key_id int, wrapped_key bytea)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT r.record_id, r.key_id, r.wrapped_key FROM records_record r
    WHERE r.record_id = ANY(p_records) AND access_in_scope(r.agency, r.level) ORDER BY r.record_id FOR NO KEY UPDATE
$$;
REVOKE EXECUTE ON FUNCTION records_hold(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_hold(uuid[]) TO suyuan_app;

-- A revision may be encrypted anew, by the owner, and change in nothing else: its digest does not change with the key.
DROP TRIGGER records_unchangeable ON records_revision;
CREATE TRIGGER records_unchangeable BEFORE DELETE OR TRUNCATE ON records_revision
    FOR EACH STATEMENT EXECUTE FUNCTION records_unchangeable();
CREATE FUNCTION records_encrypted_anew_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE same records_revision := NEW;
BEGIN
    same.content := OLD.content;
    same.terms := OLD.terms;
    IF same IS DISTINCT FROM OLD OR NEW.content IS NOT DISTINCT FROM OLD.content THEN
        RAISE EXCEPTION 'records_unchangeable' USING ERRCODE = 'check_violation', CONSTRAINT = 'records_unchangeable';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER records_encrypted_anew_only BEFORE UPDATE ON records_revision
    FOR EACH ROW EXECUTE FUNCTION records_encrypted_anew_only();

-- How many records lie under each key: numbers only, for the page of keys and for the limit of uses.
CREATE FUNCTION records_under_keys() RETURNS TABLE (key_id int, records bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT r.key_id, count(*) FROM records_record r GROUP BY 1
$$;
REVOKE EXECUTE ON FUNCTION records_under_keys() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_under_keys() TO suyuan_app;
