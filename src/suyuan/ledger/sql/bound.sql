-- Rows that say who may do what, and what auditors did, are bound to entries: the trigger remembers for the rest of the
-- transaction what was written, and the act's entry takes its digest. Times are in UTC, whatever the session has.
CREATE FUNCTION ledger_changed() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM set_config('suyuan.changed', concat(current_setting('suyuan.changed', true),
        jsonb_build_object('table', TG_TABLE_NAME, 'row', to_jsonb(NEW)), E'\n'), true);
    RETURN NULL;
END $$;
