-- Statements of records.verify, read as the owner, who sees every row. Everything is recomputed from the
-- revisions themselves; stored digests are compared, never trusted.

-- name: revisions
-- Each worker takes the records whose id ends in its share. Columns come in PostgreSQL's binary form, so that
-- nothing is parsed only to be packed again.
SELECT uuid_send(coalesce(v.record_id, e.record)), coalesce(v.rev, e.rev), v.type, v.agency, v.level,
       timestamptz_send(v.valid_from), timestamptz_send(v.recorded_at), v.author, uuid_send(v.batch_id), v.seq,
       v.row_no, v.final, v.facets::text, array_send(v.terms), v.digest, v.content,
       r.key_id, r.wrapped_key, e.digest, v.record_id IS NULL,
       EXISTS (SELECT FROM ledger_entry x WHERE x.record = v.record_id AND x.act = %(erase)s),
       r.latest_rev, k.keys, k.marks, k.batches, k.depths, b.release
FROM records_revision v
LEFT JOIN records_record r ON r.record_id = v.record_id
LEFT JOIN records_batch b ON b.batch_id = v.batch_id
LEFT JOIN (SELECT record_id, array_agg(key_digest) AS keys, array_agg(mark) AS marks,
                  array_agg(uuid_send(batch_id)) AS batches, array_agg(depth) AS depths
           FROM records_key GROUP BY 1) k ON k.record_id = v.record_id
FULL JOIN (SELECT record, rev, digest FROM ledger_entry WHERE act = ANY(%(acts)s)) e
       ON e.record = v.record_id AND e.rev = v.rev
WHERE get_byte(uuid_send(coalesce(v.record_id, e.record)), 15) %% %(shares)s = %(share)s;

-- name: chunks
-- A chunk lies at its batch's agency, at a level between those of its revisions and that of the batch.
SELECT coalesce(c.batch_id, n.batch_id)::text, coalesce(c.chunk_no, n.chunk_no)
FROM records_chunk c
LEFT JOIN records_batch b ON b.batch_id = c.batch_id
FULL JOIN (
    SELECT batch_id, seq / 1000000 AS chunk_no, count(*) AS revisions,
           sha256(string_agg(digest, ''::bytea ORDER BY seq)) AS digest, bool_or(final) AS final, max(level) AS level
    FROM records_revision GROUP BY 1, 2) n ON n.batch_id = c.batch_id AND n.chunk_no = c.chunk_no
WHERE c.batch_id IS NULL OR (c.revisions > 0 AND n.batch_id IS NULL)
   OR n.revisions <> c.revisions OR n.digest <> c.digest
   OR c.agency IS DISTINCT FROM b.agency OR c.needs_final <> coalesce(n.final, false)
   OR c.level NOT BETWEEN coalesce(n.level, 1) AND b.level;

-- name: counts
-- Chunks are numbered from 0 without a gap, and a closed batch counts what its chunks count.
SELECT b.batch_id::text
FROM records_batch b
JOIN (SELECT batch_id, count(*) AS chunks, max(chunk_no) AS last, sum(accepted) AS accepted, sum(warned) AS warned,
             sum(returned) AS returned, sum(duplicate) AS duplicate
      FROM records_chunk GROUP BY 1) c ON c.batch_id = b.batch_id
WHERE c.last <> c.chunks - 1
   OR (b.state <> 'open' AND (c.accepted, c.warned, c.returned, c.duplicate)
                             IS DISTINCT FROM (b.accepted, b.warned, b.returned, b.duplicate));

-- name: batches
SELECT coalesce(b.batch_id, e.batch)::text
FROM records_batch b
LEFT JOIN (SELECT batch_id, sha256(string_agg(digest, ''::bytea ORDER BY chunk_no)) AS digest
           FROM records_chunk GROUP BY 1) c ON c.batch_id = b.batch_id
FULL JOIN (SELECT batch, max(act) AS act, (array_agg(digest ORDER BY act DESC))[1] AS digest,
                  (array_agg(detail->>'head' ORDER BY act DESC))[1] AS head
           FROM ledger_entry WHERE act IN (%(open)s, %(close)s) GROUP BY 1) e ON e.batch = b.batch_id
WHERE b.batch_id IS NULL OR e.batch IS NULL OR e.head <> encode(records_batch_head(b), 'hex')
   OR (b.state = 'open') <> (e.act = %(open)s)
   OR (b.state <> 'open' AND (c.digest IS DISTINCT FROM b.digest OR e.digest IS DISTINCT FROM b.digest));

-- name: states
-- A state and the revision in force must follow from the revisions, from what was given back, and from how far
-- their batches got; that those follow from the decisions is review's to check.
SELECT r.record_id::text
FROM records_record r
LEFT JOIN records_revision v ON v.record_id = r.record_id AND v.rev = r.latest_rev
LEFT JOIN records_batch b ON b.batch_id = v.batch_id
LEFT JOIN records_setback s ON s.record_id = v.record_id AND s.rev = v.rev
LEFT JOIN (
    SELECT n.record_id, max(n.rev) AS latest, max(n.rev) FILTER (
               WHERE CASE WHEN n.final THEN m.final_at ELSE m.second_at END IS NOT NULL AND g.rev IS NULL) AS in_force
    FROM records_revision n JOIN records_batch m ON m.batch_id = n.batch_id
    LEFT JOIN records_setback g ON g.record_id = n.record_id AND g.rev = n.rev
    GROUP BY 1) a ON a.record_id = r.record_id
WHERE v.record_id IS NULL
   OR v.type <> r.type OR v.agency <> r.agency OR v.level <> r.level OR v.valid_from <> r.at
   OR a.latest <> r.latest_rev
   OR CASE WHEN r.wrapped_key IS NULL THEN NULL ELSE a.in_force END IS DISTINCT FROM r.in_force_rev
   OR r.state <> CASE
       WHEN r.wrapped_key IS NULL THEN 'disposed'
       WHEN s.rev IS NOT NULL THEN 'returned'
       WHEN a.in_force = r.latest_rev THEN 'in_force'
       WHEN b.state = 'open' THEN 'first_review'
       ELSE b.state END;

-- name: keys
-- An identity belongs to a record that is there and not erased, at its agency and level; each such record has one at least.
SELECT coalesce(k.record_id, r.record_id)::text
FROM records_key k FULL JOIN records_record r ON r.record_id = k.record_id
WHERE r.record_id IS NULL OR (k.record_id IS NULL) <> (r.wrapped_key IS NULL)
   OR k.agency <> r.agency OR k.level <> r.level;

-- name: links
-- A link leaves from a revision and leads to a record, at the agency and level of the one it leaves from.
SELECT l.record_id::text, l.rev, l.field, l.target_id::text
FROM records_link l
LEFT JOIN records_revision v ON v.record_id = l.record_id AND v.rev = l.rev
LEFT JOIN records_record t ON t.record_id = l.target_id
WHERE v.record_id IS NULL OR t.record_id IS NULL OR l.agency <> v.agency OR l.level <> v.level;

-- name: exports
-- Every file that left against the entry that names its records, both ways.
SELECT coalesce(x.export, e.export), x.person, x.ground, x.agency, x.level, x.type, x.format, x.whole, x.rows, x.at,
       x.expires_on, x.words, x.digest, e.digest, e.shown, e.person, e.ground
FROM records_export x
FULL JOIN (SELECT (detail->>'export')::bigint AS export, digest, shown, person, ground
           FROM ledger_entry WHERE act = %(act)s) e ON e.export = x.export;
