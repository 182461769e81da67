-- The ledger (norm 5.3.1). Entries are added by the application role in the act's own transaction and never
-- changed; the tree over them is written by the sequencer's role alone.

CREATE TABLE ledger_writer (
    writer int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    n bigint NOT NULL DEFAULT 0 CHECK (n >= 0)             -- gapless: rises with each entry, in its transaction
) WITH (fillfactor = 50);                                  -- updated all the time: room for HOT

CREATE TABLE ledger_entry (
    writer int NOT NULL,
    n bigint NOT NULL,
    at bigint NOT NULL,                                    -- microseconds since 1970, UTC
    act smallint NOT NULL,
    person bigint NOT NULL,
    ground bigint NOT NULL,
    agency bigint NOT NULL,
    record uuid,
    rev int,
    batch uuid,
    digest bytea,
    shown uuid[],
    detail jsonb,
    mac bytea NOT NULL,
    PRIMARY KEY (writer, n)
);
CREATE INDEX ledger_entry_record ON ledger_entry (record) WHERE record IS NOT NULL;
CREATE INDEX ledger_entry_shown ON ledger_entry USING gin (shown) WHERE shown IS NOT NULL;
CREATE INDEX ledger_entry_batch ON ledger_entry (batch) WHERE batch IS NOT NULL AND record IS NULL;
CREATE INDEX ledger_entry_person ON ledger_entry (person, at);

CREATE TABLE ledger_leaf (                                 -- place of each entry in the tree
    index bigint PRIMARY KEY,
    writer int NOT NULL,
    n bigint NOT NULL,
    UNIQUE (writer, n)
);
CREATE TABLE ledger_tile (                                 -- 256 hashes a tile (C2SP tlog-tiles)
    level smallint NOT NULL,
    index bigint NOT NULL,
    hashes bytea NOT NULL,
    PRIMARY KEY (level, index)
);
CREATE TABLE ledger_checkpoint (
    size bigint PRIMARY KEY,
    root bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    note text NOT NULL                                     -- the signed checkpoint (C2SP tlog-checkpoint)
);
CREATE TABLE ledger_sequenced (                            -- how far each writer's entries are in the tree
    writer int PRIMARY KEY,
    n bigint NOT NULL
);

CREATE FUNCTION ledger_unchangeable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger_unchangeable' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_unchangeable';
END $$;
CREATE TRIGGER ledger_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_unchangeable();
CREATE TRIGGER ledger_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_leaf
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_unchangeable();
CREATE TRIGGER ledger_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_unchangeable();

-- A counter only rises, and an entry takes the number its counter has just reached.
CREATE FUNCTION ledger_writer_rises() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.writer <> OLD.writer OR NEW.n <= OLD.n THEN
        RAISE EXCEPTION 'ledger_writer_rises' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_writer_rises';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_writer_rises BEFORE UPDATE ON ledger_writer FOR EACH ROW EXECUTE FUNCTION ledger_writer_rises();

GRANT INSERT ON ledger_entry TO suyuan_app;
GRANT SELECT, INSERT, UPDATE ON ledger_writer TO suyuan_app;
GRANT SELECT ON ledger_tile, ledger_checkpoint, ledger_leaf, ledger_sequenced TO suyuan_app;
GRANT SELECT ON ledger_entry, ledger_writer TO suyuan_sequencer;
GRANT SELECT, INSERT, UPDATE ON ledger_tile, ledger_sequenced TO suyuan_sequencer;
GRANT SELECT, INSERT ON ledger_leaf, ledger_checkpoint TO suyuan_sequencer;
