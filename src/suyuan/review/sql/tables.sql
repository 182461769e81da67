-- Reviews (norm 3.2). What makes them binding is here and in rules.sql: keys, references, checks, triggers.
-- Everything is about persons; an account never appears.

CREATE TABLE review_decision (
    batch_id uuid NOT NULL,
    step smallint NOT NULL CONSTRAINT review_decision_step CHECK (step BETWEEN 1 AND 3),
    outcome text NOT NULL CONSTRAINT review_decision_outcome CHECK (outcome IN ('approve', 'return', 'reject')),
    reviewer bigint NOT NULL,
    author bigint NOT NULL,
    digest bytea NOT NULL,                                  -- what was shown, and signed
    agency bigint NOT NULL,
    level smallint NOT NULL,
    reason bytea NOT NULL DEFAULT '',                       -- encrypted: it may quote the content
    at timestamptz NOT NULL,
    prev_step smallint GENERATED ALWAYS AS (NULLIF(step - 1, 0)) STORED,
    prev_outcome text GENERATED ALWAYS AS (CASE WHEN step > 1 THEN 'approve' END) STORED,
    PRIMARY KEY (batch_id, step),
    UNIQUE (batch_id, step, outcome),
    -- One person decides one step of a batch.
    CONSTRAINT review_decision_one_step_a_person UNIQUE (batch_id, reviewer),
    -- And never what they collected.
    CONSTRAINT review_decision_not_the_author CHECK (reviewer <> author),
    CONSTRAINT review_decision_author FOREIGN KEY (batch_id, author) REFERENCES records_batch (batch_id, collector),
    -- The digest is that of this batch as it was closed.
    CONSTRAINT review_decision_digest FOREIGN KEY (batch_id, digest) REFERENCES records_batch (batch_id, digest),
    -- A step needs the approval of the step before it.
    CONSTRAINT review_decision_order FOREIGN KEY (batch_id, prev_step, prev_outcome)
        REFERENCES review_decision (batch_id, step, outcome),
    CONSTRAINT review_decision_reason CHECK (outcome = 'approve' OR octet_length(reason) > 0)
);
CREATE INDEX review_decision_reviewer ON review_decision (reviewer, at);

-- Single revisions given back while the rest of the batch goes on: a reason for each field ('' for the whole).
CREATE TABLE review_return (
    batch_id uuid NOT NULL,
    record_id uuid NOT NULL,
    rev int NOT NULL,
    field text NOT NULL,
    step smallint NOT NULL CONSTRAINT review_return_step CHECK (step BETWEEN 1 AND 3),
    code text NOT NULL CONSTRAINT review_return_code CHECK (code IN (
        'missing', 'wrong', 'untrue', 'unrelated', 'unlawful', 'unclear', 'other')),
    reason bytea NOT NULL,                                  -- encrypted: it may quote the content
    reviewer bigint NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (record_id, rev, field)
);
CREATE INDEX review_return_batch ON review_return (batch_id);

-- A random sample of a large batch: drawn in the database from a seed anyone can use to draw it again.
CREATE TABLE review_sample (
    batch_id uuid NOT NULL,
    step smallint NOT NULL,
    reviewer bigint NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    population int NOT NULL,
    bound numeric NOT NULL CONSTRAINT review_sample_bound CHECK (bound > 0 AND bound <= 0.05),
    confidence numeric NOT NULL CONSTRAINT review_sample_confidence CHECK (confidence >= 0.9 AND confidence < 1),
    seed bytea NOT NULL,
    seqs int[] NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_id, step, reviewer)
);
CREATE TABLE review_look (                                  -- sampled rows the reviewer has had on screen
    batch_id uuid NOT NULL,
    step smallint NOT NULL,
    reviewer bigint NOT NULL,
    seq int NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_id, step, reviewer, seq)
);
