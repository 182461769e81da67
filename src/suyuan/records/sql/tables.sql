-- Records, their revisions, and how they arrived (norm 3.3.1, 3.4.2).
-- record_id is in every primary and unique key of the record tables, so that they can be distributed by it.
-- Every table that holds content carries its own agency and level: a policy looks only at its row.

CREATE TABLE records_batch (
    batch_id uuid PRIMARY KEY,
    type text NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL CHECK (level IN (1, 2)),      -- 3 to 5 are refused (Cryptography Law, arts 7, 8)
    collector bigint NOT NULL,
    channel text NOT NULL CHECK (channel IN ('form', 'file', 'api', 'survey', 'exchange')),
    legal_basis text NOT NULL,
    source_digest bytea,                                   -- SHA-256 of the file as it arrived
    mapping_digest bytea,
    release bytea NOT NULL,                                -- the catalog release every row was checked against
    label bytea NOT NULL,                                  -- what the collector calls the source, encrypted
    opened_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    state text NOT NULL DEFAULT 'open' CHECK (state IN (
        'open', 'first_review', 'second_review', 'final_review', 'done', 'returned', 'rejected', 'empty')),
    digest bytea,                                          -- what the reviewers sign; fixed at closing
    needs_final boolean,
    second_at timestamptz,                                 -- when the second review approved
    final_at timestamptz,                                  -- when the final review approved
    accepted int NOT NULL DEFAULT 0,
    warned int NOT NULL DEFAULT 0,
    returned int NOT NULL DEFAULT 0,
    duplicate int NOT NULL DEFAULT 0,
    skipped int NOT NULL DEFAULT 0,
    UNIQUE (batch_id, collector),                          -- review decisions refer to the author through this
    UNIQUE (batch_id, digest)                              -- and to the exact content through this
);
CREATE INDEX records_batch_waiting ON records_batch (state, agency) WHERE state NOT IN ('done', 'empty');
CREATE INDEX records_batch_source ON records_batch (source_digest) WHERE source_digest IS NOT NULL;

CREATE TABLE records_chunk (
    batch_id uuid NOT NULL REFERENCES records_batch,
    chunk_no int NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    digest bytea NOT NULL,                                 -- SHA-256 over its revisions' digests, in order
    revisions int NOT NULL,
    needs_final boolean NOT NULL,
    accepted int NOT NULL,
    warned int NOT NULL,
    returned int NOT NULL,
    duplicate int NOT NULL,
    PRIMARY KEY (batch_id, chunk_no)
);

CREATE TABLE records_record (
    record_id uuid NOT NULL,
    type text NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    state text NOT NULL CHECK (state IN (
        'draft', 'first_review', 'second_review', 'final_review', 'in_force',
        'returned', 'rejected', 'sealed', 'disposed')),
    in_force_rev int,
    latest_rev int NOT NULL,
    key_id int NOT NULL,
    wrapped_key bytea,                                     -- NULL once erased
    at timestamptz NOT NULL,                               -- the main time of the latest revision
    PRIMARY KEY (record_id)
) WITH (fillfactor = 85);                                  -- room for state changes in the same page
CREATE INDEX records_record_list ON records_record (type, at DESC, record_id DESC);
CREATE INDEX records_record_agency ON records_record (agency, type, at DESC);

CREATE TABLE records_revision (
    record_id uuid NOT NULL,
    rev int NOT NULL,
    type text NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    valid_from timestamptz NOT NULL,                       -- true in the world from
    recorded_at timestamptz NOT NULL,                      -- known here from
    author bigint NOT NULL,
    batch_id uuid NOT NULL,
    seq int NOT NULL,                                      -- place in the batch
    row_no int NOT NULL,                                   -- row of the source, 1 for a form
    final boolean NOT NULL,                                -- needs the final review
    facets jsonb NOT NULL,
    terms bigint[] NOT NULL,
    digest bytea NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (record_id, rev)
);
CREATE INDEX records_revision_batch ON records_revision (batch_id, seq);
-- The pending list takes a whole chunk of an import, so that it is merged in order and not piece by piece.
CREATE INDEX records_revision_terms ON records_revision USING gin (terms) WITH (gin_pending_list_limit = 16384);

-- One row a record: what makes it this record. Uniqueness lives here, keyed by a digest that includes
-- the agency, so that nobody learns from a refusal what another agency holds.
CREATE TABLE records_key (
    key_digest bytea PRIMARY KEY,
    record_id uuid NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    mark bytea NOT NULL,                                   -- keyed digest of the latest content
    batch_id uuid NOT NULL                                 -- the batch that brought the latest content
);

CREATE TABLE records_link (
    record_id uuid NOT NULL,
    rev int NOT NULL,
    field text NOT NULL,
    target_id uuid NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    PRIMARY KEY (record_id, rev, field, target_id)
);
CREATE INDEX records_link_back ON records_link (target_id);

-- Revisions given back one by one while the rest of their batch went on.
CREATE TABLE records_setback (
    record_id uuid NOT NULL,
    rev int NOT NULL,
    batch_id uuid NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (record_id, rev)
);
