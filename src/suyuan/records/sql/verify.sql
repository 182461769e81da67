-- Statements of records.verify, read as the owner, who sees every row. Everything is recomputed from the
-- revisions themselves; stored digests are compared, never trusted.

-- name: revisions
-- Each worker takes the records whose id ends in its share. Columns come in PostgreSQL's binary form, so that
-- nothing is parsed only to be packed again.
SELECT uuid_send(coalesce(v.record_id, e.record)), coalesce(v.rev, e.rev), v.type, v.agency, v.level,
       timestamptz_send(v.valid_from), timestamptz_send(v.recorded_at), v.author, uuid_send(v.batch_id), v.seq,
       v.row_no, v.final, v.facets::text, array_send(v.terms), v.digest, v.content,
       r.key_id, r.wrapped_key, e.digest, v.record_id IS NULL
FROM records_revision v
LEFT JOIN records_record r ON r.record_id = v.record_id
FULL JOIN (SELECT record, rev, digest FROM ledger_entry WHERE act = ANY(%(acts)s)) e
       ON e.record = v.record_id AND e.rev = v.rev
WHERE get_byte(uuid_send(coalesce(v.record_id, e.record)), 15) %% %(shares)s = %(share)s;

-- name: chunks
SELECT coalesce(c.batch_id, n.batch_id)::text, coalesce(c.chunk_no, n.chunk_no)
FROM records_chunk c
FULL JOIN (
    SELECT batch_id, seq / 1000000 AS chunk_no, count(*) AS revisions,
           sha256(string_agg(digest, ''::bytea ORDER BY seq)) AS digest
    FROM records_revision GROUP BY 1, 2) n ON n.batch_id = c.batch_id AND n.chunk_no = c.chunk_no
WHERE c.batch_id IS NULL OR (c.revisions > 0 AND n.batch_id IS NULL)
   OR n.revisions <> c.revisions OR n.digest <> c.digest;

-- name: batches
SELECT b.batch_id::text
FROM records_batch b
LEFT JOIN (SELECT batch_id, sha256(string_agg(digest, ''::bytea ORDER BY chunk_no)) AS digest
           FROM records_chunk GROUP BY 1) c ON c.batch_id = b.batch_id
LEFT JOIN (SELECT batch, min(digest) AS digest FROM ledger_entry WHERE act = %(close)s GROUP BY 1) e
       ON e.batch = b.batch_id
WHERE b.state <> 'open'
  AND (c.digest IS DISTINCT FROM b.digest OR e.digest IS DISTINCT FROM b.digest);

-- name: states
-- A state must follow from the revisions and from how far their batches got.
SELECT r.record_id::text
FROM records_record r
LEFT JOIN records_revision v ON v.record_id = r.record_id AND v.rev = r.latest_rev
LEFT JOIN records_batch b ON b.batch_id = v.batch_id
LEFT JOIN records_revision f ON f.record_id = r.record_id AND f.rev = r.in_force_rev
LEFT JOIN records_batch fb ON fb.batch_id = f.batch_id
WHERE v.record_id IS NULL
   OR v.type <> r.type OR v.agency <> r.agency OR v.level <> r.level OR v.valid_from <> r.at
   OR EXISTS (SELECT FROM records_revision n WHERE n.record_id = r.record_id AND n.rev > r.latest_rev)
   OR (r.in_force_rev IS NOT NULL AND CASE WHEN f.final THEN fb.final_at ELSE fb.second_at END IS NULL)
   OR (r.state = 'in_force' AND r.in_force_rev IS DISTINCT FROM r.latest_rev)
   OR (r.state IN ('first_review', 'second_review', 'final_review') AND b.state NOT IN ('open', r.state))
   OR (r.state = 'rejected' AND b.state <> 'rejected');
