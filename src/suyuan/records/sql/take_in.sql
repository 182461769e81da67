-- Statements of records.actions.submit; each is named by the line above it.

-- name: hold_keys
SELECT pg_advisory_xact_lock_shared(records_keys_lock());

-- name: hold_amended
SELECT record_id, key_id, wrapped_key FROM records_hold(%(records)s::uuid[]);

-- name: staging
-- COPY may not write to a table with row level security, so rows land here first and are inserted, checked
-- by the policies, from here. Gone at the end of the transaction.
SELECT records_make_staging();

-- name: copy
COPY records_staging FROM STDIN (FORMAT binary);

-- name: staged
-- In one message, since this thread hears of each answer only when the encrypting one lets it.
INSERT INTO records_record (record_id, type, agency, level, state, latest_rev, key_id, wrapped_key, at)
SELECT record_id, type, agency, level, 'first_review', 1, key_id, wrapped_key, valid_from
FROM records_staging WHERE rev = 1;

INSERT INTO records_revision (record_id, rev, type, agency, level, valid_from, recorded_at, author, batch_id, seq,
                              row_no, final, facets, terms, digest, content)
SELECT record_id, rev, type, agency, level, valid_from, recorded_at, author, batch_id, seq,
       row_no, final, facets, terms, digest, content
FROM records_staging;

-- name: keys
INSERT INTO records_key (key_digest, record_id, agency, level, mark, batch_id, depth)
SELECT key_digest, record_id, agency, level, mark, batch_id, %(depth)s FROM records_staging WHERE rev = 1;

-- name: rekey
-- An amendment that changed the number, or the content of a record without one, is found under its new key too.
INSERT INTO records_key (key_digest, record_id, agency, level, mark, batch_id, depth)
SELECT key_digest, record_id, agency, level, mark, batch_id, %(depth)s FROM records_staging WHERE rev > 1
ON CONFLICT (key_digest) DO NOTHING;

-- name: remark
-- After `rekey`, which waits for a rotation that is moving this very identity, and then leaves it as the rotation put it.
SELECT records_remark(%(batch)s, array_agg(key_digest), array_agg(mark)) FROM records_staging WHERE rev > 1;

-- name: amended
SELECT record_id, latest_rev, state, key_id, wrapped_key, agency, level FROM records_record WHERE record_id = ANY(%(records)s);

-- name: known
SELECT k.key_digest, k.mark, k.record_id, r.latest_rev, r.state, r.key_id, r.wrapped_key,
       k.batch_id = %(batch)s OR (b.source_digest = n.source_digest
                                  AND b.mapping_digest IS NOT DISTINCT FROM n.mapping_digest) AS same_delivery
FROM records_key k
JOIN records_record r ON r.record_id = k.record_id
JOIN records_batch b ON b.batch_id = k.batch_id
JOIN records_batch n ON n.batch_id = %(batch)s
WHERE k.key_digest = ANY(records_split(%(keys)s));

-- name: targets
SELECT key_digest, record_id FROM records_key WHERE key_digest = ANY(records_split(%(keys)s));

-- name: links
INSERT INTO records_link (record_id, rev, field, target_id, agency, level)
SELECT l.record_id, l.rev, l.field, l.target_id, %(agency)s, %(level)s
FROM unnest(%(records)s::uuid[], %(revs)s::int[], %(fields)s::text[], %(targets)s::uuid[])
     AS l (record_id, rev, field, target_id)
ON CONFLICT DO NOTHING;

-- name: chunk
INSERT INTO records_chunk (batch_id, chunk_no, agency, level, digest, revisions, needs_final,
                           accepted, warned, returned, duplicate)
VALUES (%(batch)s, %(chunk_no)s, %(agency)s, %(level)s, %(digest)s, %(revisions)s, %(needs_final)s,
        %(accepted)s, %(warned)s, %(returned)s, %(duplicate)s);
