-- Departments, activation codes, proofs handed out, looks at samples, disposals and finished imports are bound to entries, as
-- grants and audits are. Links have an entry a chunk and need no trigger; what is handed out, seen or linked is never rewritten.

-- The note of changed rows is one transaction's: it begins with a code over that transaction under the secret of the wall
-- (access/sql/wall.sql). A setting may outlive its transaction, or be made by anybody; what does not begin so counts as nothing.
CREATE FUNCTION ledger_note_begins() RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE k access_secret;
BEGIN
    SELECT * INTO k FROM access_secret;
    RETURN encode(sha256(k.outer_key || sha256(k.inner_key || convert_to(ROW('changed', pg_backend_pid(), pg_current_xact_id(),
        extract(epoch FROM transaction_timestamp()))::text, 'UTF8'))), 'hex') || E'\n';
END $$;

-- The rows noted so far in this transaction, a line each, under their code.
CREATE FUNCTION ledger_note() RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE kept text := current_setting('suyuan.changed', true); begins text := ledger_note_begins();
BEGIN
    RETURN CASE WHEN starts_with(kept, begins) THEN kept ELSE begins END;
END $$;

CREATE OR REPLACE FUNCTION ledger_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET timezone = 'UTC'
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('suyuan.changed', concat(ledger_note(),
        jsonb_build_object('table', TG_TABLE_NAME, 'row', to_jsonb(NEW)), E'\n'), true);
    RETURN NULL;
END $$;
-- A row that an act takes away is named by its entry too.
CREATE FUNCTION ledger_gone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET timezone = 'UTC'
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('suyuan.changed', concat(ledger_note(),
        jsonb_build_object('table', TG_TABLE_NAME, 'row', to_jsonb(OLD), 'gone', true), E'\n'), true);
    RETURN NULL;
END $$;

-- Take the lines of this transaction, for the entry of its act; the note begins anew.
CREATE FUNCTION ledger_take_note() RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE noted text;
BEGIN
    IF coalesce(current_setting('suyuan.changed', true), '') = '' THEN
        RETURN '';
    END IF;
    noted := ledger_note();
    PERFORM set_config('suyuan.changed', '', true);
    RETURN substr(noted, 66);                               -- after 64 digits and the end of their line
END $$;
-- A table of one's own with this trigger would note what no table of ours holds.
REVOKE EXECUTE ON FUNCTION ledger_note_begins(), ledger_note(), ledger_changed(), ledger_gone(), ledger_take_note() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_take_note() TO suyuan_app;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['access_department', 'access_activation', 'audit_proof', 'review_look', 'records_disposal'] LOOP
        EXECUTE format('CREATE TRIGGER ledger_changed AFTER INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION ledger_changed()', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['audit_proof', 'records_link'] LOOP
        EXECUTE format('CREATE TRIGGER records_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION records_unchangeable()', t);
    END LOOP;
END $$;
-- Codes that nobody used are replaced at the next start.
CREATE TRIGGER ledger_gone AFTER DELETE ON access_activation FOR EACH ROW EXECUTE FUNCTION ledger_gone();
-- Until an import has ended its figures go on changing.
CREATE TRIGGER ledger_changed AFTER INSERT OR UPDATE ON collection_import FOR EACH ROW
    WHEN (NEW.state IN ('done', 'withdrawn')) EXECUTE FUNCTION ledger_changed();
-- `ledger verify` reads what it holds against the entries.
CREATE POLICY owner_functions ON collection_import FOR SELECT TO suyuan_owner USING (true);

-- What auditors draw, ask and find is read by the auditor of the agency or of one above it; drawn accesses by the head who answers.
DO $$
DECLARE t text; seen text := '(SELECT access_duty_range(''{security_auditor}'')) @> agency';
BEGIN
    FOREACH t IN ARRAY ARRAY['audit_week', 'audit_item', 'audit_finding'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY audited ON %I FOR SELECT TO suyuan_app USING (%s)', t, seen);
    END LOOP;
    CREATE POLICY answered ON audit_item FOR SELECT TO suyuan_app
        USING ((SELECT access_duty_range('{department_head}')) @> unit);
END $$;
