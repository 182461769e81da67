-- Retention of the ledger (CSL 21, CJIS AU-11, PIPL 56): looks, lists, searches, sign-ins, denials and administration go after
-- the years that two security administrators settled, never before one. What a record rests on (its arrival, its reviews,
-- what was exported or disclosed of it) stays as long as the record. Of an entry that went the tree keeps the leaf's hash.

CREATE TABLE ledger_pruning (
    pruning bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    before bigint NOT NULL,                                -- entries older than this, microseconds since 1970
    leaves int8multirange NOT NULL CHECK (NOT isempty(leaves)),
    entries bigint NOT NULL CHECK (entries > 0),
    size bigint NOT NULL,                                  -- of the checkpoint below which they lay
    root bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ledger_checkpoint_at ON ledger_checkpoint (at);
-- Only what may go: an import writes none of it.
CREATE INDEX ledger_entry_at ON ledger_entry (at) WHERE act IN (3, 4, 5, 6, 20, 21, 22, 23, 24, 30);
CREATE INDEX ledger_entry_pruning ON ledger_entry ((detail->>'pruning')) WHERE act = 28;
GRANT SELECT ON ledger_pruning TO suyuan_app, suyuan_sequencer;
CREATE TRIGGER ledger_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_pruning
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_unchangeable();

-- How many years are kept; the room of access puts its policy in this place.
CREATE FUNCTION ledger_years() RETURNS int LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$ SELECT 3 $$;
-- How old an entry must be; a year at least, whatever the policy says or lacks.
CREATE FUNCTION ledger_cutoff() RETURNS timestamptz LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT now() - make_interval(years => greatest(1, coalesce(ledger_years(), 3)))
$$;
-- Old by its own time, and by the checkpoint it lies under: a clock that was set back makes nothing old.
CREATE FUNCTION ledger_may_go(e ledger_entry, leaf bigint) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT e.act IN (3, 4, 5, 6, 20, 21, 22, 23, 24, 30) AND NOT coalesce(e.detail ? 'rows', false)
       AND e.at < (extract(epoch FROM ledger_cutoff()) * 1000000)::bigint
       AND leaf < coalesce((SELECT size FROM ledger_checkpoint WHERE at < ledger_cutoff() ORDER BY at DESC LIMIT 1), 0)
$$;

-- For the owner too: no entry goes but one that may, and that a pruning names.
CREATE FUNCTION ledger_entry_goes() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE leaf bigint;
BEGIN
    SELECT index INTO leaf FROM ledger_leaf WHERE writer = OLD.writer AND n = OLD.n;
    IF leaf IS NULL OR NOT ledger_may_go(OLD, leaf) OR NOT EXISTS (SELECT FROM ledger_pruning WHERE leaves @> leaf) THEN
        RAISE EXCEPTION 'ledger_unchangeable' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_unchangeable';
    END IF;
    RETURN OLD;
END $$;
DROP TRIGGER ledger_unchangeable ON ledger_entry;
CREATE TRIGGER ledger_unchangeable BEFORE UPDATE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_unchangeable();
CREATE TRIGGER ledger_entry_goes BEFORE DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION ledger_entry_goes();

-- No pruning without its entry, in the same transaction.
CREATE FUNCTION ledger_pruning_entered() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_entry WHERE act = 28 AND detail->>'pruning' = NEW.pruning::text) THEN
        RAISE EXCEPTION 'ledger_pruning_entered' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_pruning_entered';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_pruning_entered AFTER INSERT ON ledger_pruning DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ledger_pruning_entered();

-- Take out up to p_most of what may go; gives the pruning, or no row. The caller enters it.
CREATE FUNCTION ledger_prune(p_most int) RETURNS SETOF ledger_pruning
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE gone int8multirange; many bigint; made ledger_pruning; cutoff bigint := (extract(epoch FROM ledger_cutoff()) * 1000000)::bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(5375, 28);
    SELECT range_agg(int8range(leaf, leaf + 1)), count(*) INTO gone, many FROM (
        SELECT l.index AS leaf FROM ledger_entry e JOIN ledger_leaf l ON l.writer = e.writer AND l.n = e.n
        WHERE e.act IN (3, 4, 5, 6, 20, 21, 22, 23, 24, 30) AND e.at < cutoff AND ledger_may_go(e, l.index) ORDER BY l.index LIMIT p_most) old;
    IF many = 0 THEN
        RETURN;
    END IF;
    INSERT INTO ledger_pruning (before, leaves, entries, size, root)
    SELECT cutoff, gone, many, size, root FROM ledger_checkpoint WHERE at < ledger_cutoff() ORDER BY at DESC LIMIT 1
    RETURNING * INTO made;
    DELETE FROM ledger_entry e USING ledger_leaf l
    WHERE l.writer = e.writer AND l.n = e.n AND l.index <@ gone;
    RETURN NEXT made;
END $$;
REVOKE EXECUTE ON FUNCTION ledger_prune(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_prune(int) TO suyuan_app;
