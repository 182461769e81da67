-- Erasing a record by destroying its key (norm 1.3.1; PIPL 47): one person asks with the basis, a custodian of the keys does it.

CREATE TABLE records_disposal (
    record_id uuid PRIMARY KEY,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    asked_by bigint NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    basis bytea NOT NULL,                                  -- on what basis, in words, sealed
    done_by bigint,
    done_at timestamptz,
    CONSTRAINT records_disposal_two_persons CHECK (done_by <> asked_by),
    CHECK ((done_by IS NULL) = (done_at IS NULL))
);
ALTER TABLE records_disposal ENABLE ROW LEVEL SECURITY;
ALTER TABLE records_disposal FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON records_disposal TO suyuan_owner USING (true) WITH CHECK (true);
CREATE POLICY in_scope ON records_disposal FOR SELECT TO suyuan_app USING (access_in_scope(agency, level));
GRANT SELECT ON records_disposal TO suyuan_app;

-- A head of department asks, about a record of their range that no review holds.
CREATE FUNCTION records_ask_disposal(p_record uuid, p_basis bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty(); r records_record;
BEGIN
    SELECT * INTO r FROM records_record WHERE record_id = p_record AND access_in_scope(agency, level) FOR NO KEY UPDATE;
    IF mine.kind IS DISTINCT FROM 'department_head' THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF r.record_id IS NULL THEN
        PERFORM access_refuse('records_not_found');
    END IF;
    IF r.state NOT IN ('in_force', 'returned', 'rejected', 'sealed') THEN
        PERFORM access_refuse('records_disposal_state');
    END IF;
    INSERT INTO records_disposal (record_id, agency, level, asked_by, basis)
    VALUES (r.record_id, r.agency, r.level, mine.person, p_basis);
END $$;

-- What waits for the custodian who acts, and what was done: no content of any record.
CREATE FUNCTION records_disposals() RETURNS SETOF records_disposal
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT d.* FROM records_disposal d, access_acting_duty() mine JOIN access_agency a ON a.agency = mine.agency
    WHERE mine.kind = 'storage_custodian' AND d.agency >= a.agency AND d.agency < a.agency + a.width
    ORDER BY d.done_at DESC NULLS FIRST, d.asked_at LIMIT 200
$$;

-- A custodian destroys the key: what was encrypted under it is unreadable everywhere, and what pointed to it is gone.
CREATE FUNCTION records_erase(p_record uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty();
BEGIN
    IF mine.kind IS DISTINCT FROM 'storage_custodian' THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE records_disposal SET done_by = mine.person, done_at = now()
    WHERE record_id IN (SELECT record_id FROM records_disposals() WHERE done_at IS NULL) AND record_id = p_record;
    IF NOT FOUND THEN
        PERFORM access_refuse('records_disposal_missing');
    END IF;
    UPDATE records_record SET wrapped_key = NULL, state = 'disposed', in_force_rev = NULL
    WHERE record_id = p_record AND state IN ('in_force', 'returned', 'rejected', 'sealed');
    IF NOT FOUND THEN
        PERFORM access_refuse('records_disposal_state');
    END IF;
    UPDATE records_revision SET content = '', terms = '{}', facets = '{}' WHERE record_id = p_record;
    DELETE FROM records_key WHERE record_id = p_record;
END $$;
REVOKE EXECUTE ON FUNCTION records_ask_disposal(uuid, bytea), records_disposals(), records_erase(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_ask_disposal(uuid, bytea), records_disposals(), records_erase(uuid) TO suyuan_app;

-- A revision is encrypted anew or erased, and nothing else.
CREATE OR REPLACE FUNCTION records_encrypted_anew_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE same records_revision := NEW;
BEGIN
    same.content := OLD.content;
    same.terms := OLD.terms;
    IF NEW.content = '' AND NEW.terms = '{}' AND NEW.facets = '{}' THEN
        same.facets := OLD.facets;
    END IF;
    IF same IS DISTINCT FROM OLD OR NEW.content IS NOT DISTINCT FROM OLD.content THEN
        RAISE EXCEPTION 'records_unchangeable' USING ERRCODE = 'check_violation', CONSTRAINT = 'records_unchangeable';
    END IF;
    RETURN NEW;
END $$;
