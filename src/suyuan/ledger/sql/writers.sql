-- A writer's counter belongs to one database session at a time, which holds its advisory lock, and goes on under the next:
-- there are as many as ever wrote at once, not one for each connection there ever was.

-- Closed: it has ended, all it wrote has its place in the tree, and it never writes again. Those of before are.
ALTER TABLE ledger_writer ADD COLUMN open boolean NOT NULL DEFAULT false;
ALTER TABLE ledger_writer DISABLE TRIGGER ledger_writer_rises;
UPDATE ledger_writer w SET open = true
WHERE w.n > coalesce((SELECT s.n FROM ledger_sequenced s WHERE s.writer = w.writer), 0);
ALTER TABLE ledger_writer ENABLE TRIGGER ledger_writer_rises;
ALTER TABLE ledger_writer ALTER COLUMN open SET DEFAULT true;
-- What the sequencer and whoever looks for a counter read.
CREATE INDEX ledger_writer_open ON ledger_writer (writer) WHERE open;

CREATE OR REPLACE FUNCTION ledger_writer_rises() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.writer <> OLD.writer OR NEW.n <= OLD.n OR NOT OLD.open OR NOT NEW.open THEN
        RAISE EXCEPTION 'ledger_writer_rises' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_writer_rises';
    END IF;
    RETURN NEW;
END $$;

-- The application moves counters; it makes and closes none.
REVOKE INSERT, UPDATE ON ledger_writer FROM suyuan_app;
GRANT UPDATE (n) ON ledger_writer TO suyuan_app;

-- No counter moves without its entries, in the same transaction: one missing number would stop the log for good. Asked as the
-- transaction ends, since an import moves its counter before it copies its entries.
CREATE FUNCTION ledger_writer_entered() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF NEW.n - OLD.n <> (SELECT count(*) FROM ledger_entry WHERE writer = NEW.writer AND n > OLD.n AND n <= NEW.n) THEN
        RAISE EXCEPTION 'ledger_writer_entered' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_writer_entered';
    END IF;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION ledger_writer_entered() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER ledger_writer_entered AFTER UPDATE ON ledger_writer DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.n <> OLD.n) EXECUTE FUNCTION ledger_writer_entered();

-- A counter for this session, until the session ends: one that nobody holds, else a new one. The number is read once the
-- lock is held, so whoever held it before has ended, and what they wrote is seen. One before which an entry of nobody's stands is
-- left alone: the next number would be taken. So is a new number that has entries already: then one is drawn, since whoever put
-- them before the next ones cannot have put them before all. (A foreign key would more than double the time of an import's COPY.)
CREATE FUNCTION ledger_lease() RETURNS TABLE (writer int, n bigint) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE free int;
BEGIN
    FOR free IN SELECT w.writer FROM ledger_writer w WHERE w.open AND NOT EXISTS (
        SELECT FROM ledger_entry e WHERE e.writer = w.writer AND e.n > w.n) ORDER BY w.writer LOOP
        EXIT WHEN pg_try_advisory_lock(5376, free);
        free := NULL;
    END LOOP;
    IF free IS NULL THEN
        free := nextval(pg_get_serial_sequence('ledger_writer', 'writer'));
        WHILE EXISTS (SELECT FROM ledger_entry e WHERE e.writer = free)
           OR EXISTS (SELECT FROM ledger_writer w WHERE w.writer = free) LOOP
            free := 1 + floor(random() * 2147483646)::int;
        END LOOP;
        INSERT INTO ledger_writer (writer, n) OVERRIDING SYSTEM VALUE VALUES (free, 0);
        PERFORM pg_advisory_lock(5376, free);
    END IF;
    RETURN QUERY SELECT w.writer, w.n FROM ledger_writer w WHERE w.writer = free;
END $$;
REVOKE EXECUTE ON FUNCTION ledger_lease() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_lease() TO suyuan_app;

-- What stands in the log can be read again, whoever wrote it: one entry that cannot would stop all the others. How many rows a
-- detail names has no bound, since a first start enters every row there is; numbers fit 64 bits, and levels are few.
ALTER TABLE ledger_entry
    ADD CONSTRAINT ledger_entry_numbers CHECK (writer >= 1 AND n >= 1 AND at >= 0 AND at < 9007199254740992),
    ADD CONSTRAINT ledger_entry_act CHECK (act BETWEEN 1 AND 15 OR act BETWEEN 20 AND 25 OR act IN (27, 28, 30, 31, 32, 33)),
    ADD CONSTRAINT ledger_entry_shown CHECK (array_ndims(shown) = 1 AND array_position(shown, NULL) IS NULL),
    ADD CONSTRAINT ledger_entry_detail CHECK (jsonb_typeof(detail) = 'object'
        AND NOT jsonb_path_exists(detail, 'strict $.**{8}')
        AND NOT jsonb_path_exists(detail, 'strict $.** ? (@ > 9223372036854775807 || @ < -9223372036854775808)')
        AND coalesce(jsonb_typeof(detail->'tables') = 'array', true)),
    ADD CONSTRAINT ledger_entry_prune CHECK (act <> 28 OR coalesce(detail->>'pruning' ~ '^[0-9]{1,18}$', false));
