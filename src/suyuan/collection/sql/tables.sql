-- What is on its way in: imports, the files they came in, what was found, and drafts of forms.
-- All of it is the collector's own: nobody else reads it, and what it says is encrypted.

CREATE TABLE collection_import (
    import_id uuid PRIMARY KEY,
    person bigint NOT NULL,
    ground bigint NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL DEFAULT 1 CHECK (level IN (1, 2)),
    state text NOT NULL CHECK (state IN ('prepared', 'queued', 'running', 'done', 'failed', 'withdrawn')),
    source_digest bytea NOT NULL,                          -- SHA-256 of the file as it arrived
    mapping_digest bytea NOT NULL,
    about bytea NOT NULL,                                  -- file name, mapping, options, report: encrypted JSON
    failure bytea,                                         -- why it failed: encrypted JSON
    batch_id uuid,
    rows int NOT NULL DEFAULT 0,
    chunks_done int NOT NULL DEFAULT 0,
    rows_done int NOT NULL DEFAULT 0,
    tally jsonb NOT NULL DEFAULT '{}',                     -- counts by outcome, rule and type; no content
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX collection_import_own ON collection_import (person, created_at DESC);
CREATE UNIQUE INDEX collection_import_live ON collection_import (agency, source_digest, mapping_digest)
    WHERE state IN ('queued', 'running');                  -- the same delivery is taken in once at a time

CREATE TABLE collection_upload (
    import_id uuid NOT NULL REFERENCES collection_import ON DELETE CASCADE,
    part_no int NOT NULL,
    person bigint NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    content bytea NOT NULL,                                -- a piece of the file, encrypted; gone when it is in
    PRIMARY KEY (import_id, part_no)
);

CREATE TABLE collection_found (
    import_id uuid NOT NULL REFERENCES collection_import ON DELETE CASCADE,
    chunk_no int NOT NULL,
    person bigint NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    content bytea NOT NULL,                                -- findings of a chunk as an Arrow stream, encrypted
    PRIMARY KEY (import_id, chunk_no)
);

CREATE TABLE collection_draft (
    draft_id uuid PRIMARY KEY,
    person bigint NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    type text NOT NULL,
    amends uuid,                                           -- the record it corrects, if any
    content bytea NOT NULL,                                -- what was typed so far, encrypted
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX collection_draft_own ON collection_draft (person, changed_at DESC);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['collection_import', 'collection_upload', 'collection_found', 'collection_draft'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY own ON %I TO suyuan_app USING (person = access_person_now() '
                       'AND access_in_scope(agency, level)) WITH CHECK (person = access_person_now() '
                       'AND access_in_scope(agency, level))', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO suyuan_app', t);
    END LOOP;
END $$;
