-- Destroying a retired key takes two persons with the duty of storage custodian at the root (norm 4.3): one asks, another confirms
-- within seven days. The keys are the installation's; old backups under a destroyed one are lost for every agency.

CREATE TABLE records_key_destruction (
    destruction bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_id int NOT NULL,
    asked_by bigint NOT NULL REFERENCES access_person,
    asked_at timestamptz NOT NULL DEFAULT now(),
    confirmed_by bigint REFERENCES access_person,
    confirmed_at timestamptz,
    CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
    CONSTRAINT records_key_destruction_by_two CHECK (confirmed_by <> asked_by)
);
GRANT SELECT ON records_key_destruction TO suyuan_app;
CREATE FUNCTION records_key_destruction_fixed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.confirmed_at IS NULL AND (NEW.destruction, NEW.key_id, NEW.asked_by, NEW.asked_at)
       IS NOT DISTINCT FROM (OLD.destruction, OLD.key_id, OLD.asked_by, OLD.asked_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'records_unchangeable' USING ERRCODE = 'check_violation', CONSTRAINT = 'records_unchangeable';
END $$;
CREATE TRIGGER records_key_destruction_fixed BEFORE UPDATE OR DELETE ON records_key_destruction
    FOR EACH ROW EXECUTE FUNCTION records_key_destruction_fixed();
CREATE TRIGGER ledger_changed AFTER INSERT OR UPDATE ON records_key_destruction
    FOR EACH ROW EXECUTE FUNCTION ledger_changed();

-- Ask for it, or confirm what another asked: true means that the key is to go now.
CREATE FUNCTION records_destroy_key(p_key int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE waiting records_key_destruction;
BEGIN
    PERFORM access_require_over('storage_custodian', 0);
    PERFORM pg_advisory_xact_lock(1400204629, p_key);
    SELECT * INTO waiting FROM records_key_destruction
    WHERE key_id = p_key AND confirmed_at IS NULL AND asked_at > now() - interval '7 days';
    IF waiting.destruction IS NULL THEN
        INSERT INTO records_key_destruction (key_id, asked_by) VALUES (p_key, access_person_now());
        RETURN false;
    END IF;
    UPDATE records_key_destruction SET confirmed_by = access_person_now(), confirmed_at = now()
    WHERE destruction = waiting.destruction;
    RETURN true;
END $$;
REVOKE EXECUTE ON FUNCTION records_destroy_key(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_destroy_key(int) TO suyuan_app;

-- Numbers only, and still the installation's: for its custodians at the root, and for what renews keys by the clock.
CREATE OR REPLACE FUNCTION records_under_keys() RETURNS TABLE (key_id int, records bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM access_require_unattended('storage_custodian');
    RETURN QUERY SELECT r.key_id, count(*) FROM records_record r GROUP BY 1;
END $$;

-- A head of department asks, about a record of their own range that no review holds, and never in an emergency: that opens records
-- beyond the range to be looked at and no more.
CREATE OR REPLACE FUNCTION records_ask_disposal(p_record uuid, p_basis bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE mine access_duty := access_acting_duty(); r records_record;
BEGIN
    IF mine.kind IS DISTINCT FROM 'department_head' OR coalesce(access_sealed('purpose'), 'emergency') = 'emergency' THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT * INTO r FROM records_record
    WHERE record_id = p_record AND access_within(mine.agency, agency) AND access_in_scope(agency, level) FOR NO KEY UPDATE;
    IF r.record_id IS NULL THEN
        PERFORM access_refuse('records_not_found');
    END IF;
    IF r.state NOT IN ('in_force', 'returned', 'rejected', 'sealed') THEN
        PERFORM access_refuse('records_disposal_state');
    END IF;
    INSERT INTO records_disposal (record_id, agency, level, asked_by, basis)
    VALUES (r.record_id, r.agency, r.level, mine.person, p_basis);
END $$;
