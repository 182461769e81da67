-- A draft has a version and a last writer: what another window saved meanwhile is not overwritten without being seen,
-- and a draft that was sent or discarded does not come back with a save that was still on its way.

ALTER TABLE collection_draft
    ADD COLUMN version int NOT NULL DEFAULT 1,
    ADD COLUMN tab text NOT NULL DEFAULT '' CHECK (length(tab) <= 40),  -- the window that saved it last
    ADD COLUMN closed_at timestamptz,                                    -- sent or discarded; its content is gone
    ADD COLUMN record_id uuid,                                           -- what it became
    ADD CONSTRAINT collection_draft_closed CHECK (closed_at IS NULL OR content = ''),
    ADD CONSTRAINT collection_draft_became CHECK (record_id IS NULL OR closed_at IS NOT NULL);

CREATE FUNCTION collection_draft_moves() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'collection_draft_is_closed' USING ERRCODE = 'check_violation', CONSTRAINT = 'collection_draft_is_closed';
    END IF;
    IF NEW.version <> OLD.version + 1 OR NEW.draft_id <> OLD.draft_id OR NEW.person <> OLD.person THEN
        RAISE EXCEPTION 'collection_draft_version' USING ERRCODE = 'check_violation', CONSTRAINT = 'collection_draft_version';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER collection_draft_moves BEFORE UPDATE ON collection_draft
    FOR EACH ROW EXECUTE FUNCTION collection_draft_moves();

-- A draft corrects a record of its own agency, whatever else its collector can read (norm 4.1).
CREATE FUNCTION collection_draft_amends() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM records_record r WHERE r.record_id = NEW.amends AND r.agency = NEW.agency) THEN
        RAISE EXCEPTION 'collection_draft_amends' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER collection_draft_amends BEFORE INSERT ON collection_draft
    FOR EACH ROW WHEN (NEW.amends IS NOT NULL) EXECUTE FUNCTION collection_draft_amends();
REVOKE EXECUTE ON FUNCTION collection_draft_amends() FROM PUBLIC;
