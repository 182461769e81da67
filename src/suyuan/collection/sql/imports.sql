-- Statements of imports and drafts; each is named by the line above it.

-- name: add
INSERT INTO collection_import (import_id, person, ground, agency, level, state, source_digest, mapping_digest,
                               about, rows)
VALUES (%(id)s, %(person)s, %(ground)s, %(agency)s, %(level)s, %(state)s, %(source)s, %(mapping)s, %(about)s, %(rows)s);

-- name: live
SELECT import_id FROM collection_import
WHERE source_digest = %(source)s AND mapping_digest = %(mapping)s AND agency = %(agency)s
  AND state IN ('queued', 'running');

-- name: get
SELECT import_id, person, ground, agency, level, state, source_digest, mapping_digest, about, failure, batch_id,
       rows, chunks_done, rows_done, tally, created_at, changed_at, finished_at
FROM collection_import WHERE import_id = %(id)s;

-- name: mine
SELECT import_id, person, ground, agency, level, state, source_digest, mapping_digest, about, failure, batch_id,
       rows, chunks_done, rows_done, tally, created_at, changed_at, finished_at
FROM collection_import ORDER BY created_at DESC LIMIT %(limit)s;

-- name: describe
UPDATE collection_import SET about = %(about)s, mapping_digest = %(mapping)s, rows = %(rows)s, changed_at = now()
WHERE import_id = %(id)s AND state = 'prepared';

-- name: move
UPDATE collection_import
SET state = %(state)s, failure = %(failure)s, changed_at = now(),
    finished_at = CASE WHEN %(state)s IN ('done', 'failed', 'withdrawn') THEN now() END
WHERE import_id = %(id)s AND state = ANY(%(from)s);

-- name: batch
UPDATE collection_import SET batch_id = %(batch)s, rows = %(rows)s, changed_at = now()
WHERE import_id = %(id)s AND state = 'running' AND batch_id IS NULL;

-- name: advance
UPDATE collection_import
SET chunks_done = chunks_done + 1, rows_done = rows_done + %(rows)s, tally = %(tally)s, changed_at = now()
WHERE import_id = %(id)s AND state = 'running' AND chunks_done = %(chunk)s;

-- name: found
INSERT INTO collection_found (import_id, chunk_no, person, agency, level, content)
VALUES (%(id)s, %(chunk)s, %(person)s, %(agency)s, %(level)s, %(content)s);

-- name: findings
SELECT content FROM collection_found WHERE import_id = %(id)s ORDER BY chunk_no;

-- name: upload
INSERT INTO collection_upload (import_id, part_no, person, agency, level, content)
VALUES (%(id)s, %(part)s, %(person)s, %(agency)s, %(level)s, %(content)s);

-- name: uploaded
SELECT part_no, content FROM collection_upload WHERE import_id = %(id)s ORDER BY part_no;

-- name: discard
DELETE FROM collection_upload WHERE import_id = %(id)s;

-- name: put_draft
-- Nothing comes back where the draft is closed, or where another window saved it since this one read it.
INSERT INTO collection_draft AS held (draft_id, person, agency, level, type, amends, content, tab)
VALUES (%(id)s, %(person)s, %(agency)s, %(level)s, %(type)s, %(amends)s, %(content)s, %(tab)s)
ON CONFLICT (draft_id) DO UPDATE
SET content = EXCLUDED.content, tab = EXCLUDED.tab, version = held.version + 1, changed_at = now()
WHERE held.closed_at IS NULL AND (held.version = %(version)s OR held.tab = EXCLUDED.tab AND held.tab <> '')
RETURNING version;

-- name: get_draft
SELECT draft_id, type, amends, content, changed_at, version, closed_at, record_id FROM collection_draft WHERE draft_id = %(id)s;

-- name: my_drafts
SELECT draft_id, type, amends, content, changed_at, version, closed_at, record_id FROM collection_draft
WHERE closed_at IS NULL ORDER BY changed_at DESC LIMIT 100;

-- name: close_draft
-- What is left of it only says that it is closed, for as long as a late save could come.
WITH old AS (DELETE FROM collection_draft WHERE person = %(person)s AND closed_at < now() - interval '7 days')
UPDATE collection_draft SET content = '', closed_at = now(), record_id = %(record)s, version = version + 1, changed_at = now()
WHERE draft_id = %(id)s AND closed_at IS NULL;
