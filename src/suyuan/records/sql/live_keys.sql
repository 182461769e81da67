-- Records lie under keys in use only, by the database itself (norm 5.2.1). Within a statement that brings records, all at
-- once; the lock is the one under which no other key becomes current, so what is read here holds until the end.
CREATE FUNCTION records_under_current_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(records_keys_lock());
    IF EXISTS (SELECT FROM (SELECT DISTINCT key_id, level FROM arrived) a
               LEFT JOIN vault_generation g ON g.key_id = a.key_id AND g.level = a.level AND g.state = 'current'
               WHERE g.key_id IS NULL) THEN
        RAISE EXCEPTION 'records_under_current_key'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'records_under_current_key';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER records_under_current_key AFTER INSERT ON records_record REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION records_under_current_key();

-- A record comes under another key when keys are renewed, and that is the current one.
CREATE FUNCTION records_comes_under_current_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(records_keys_lock());
    IF NOT EXISTS (SELECT FROM vault_generation
                   WHERE key_id = NEW.key_id AND level = NEW.level AND state = 'current') THEN
        RAISE EXCEPTION 'records_under_current_key'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'records_under_current_key';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER records_comes_under_current_key BEFORE UPDATE OF key_id ON records_record
    FOR EACH ROW WHEN (NEW.key_id IS DISTINCT FROM OLD.key_id) EXECUTE FUNCTION records_comes_under_current_key();

-- A key becomes current while nobody writes, and is retired when no record lies under it: none can come meanwhile.
CREATE FUNCTION records_key_moves() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.state IN ('current', 'retiring') THEN
        PERFORM pg_advisory_xact_lock(records_keys_lock());
    ELSIF EXISTS (SELECT FROM records_record WHERE key_id = NEW.key_id) THEN
        RAISE EXCEPTION 'records_key_in_use' USING ERRCODE = 'check_violation', CONSTRAINT = 'records_key_in_use';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER records_key_moves BEFORE UPDATE OF state ON vault_generation
    FOR EACH ROW EXECUTE FUNCTION records_key_moves();
REVOKE EXECUTE ON FUNCTION records_under_current_key() FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION records_comes_under_current_key() FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION records_key_moves() FROM PUBLIC;
