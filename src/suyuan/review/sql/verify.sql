-- Statements of review.verify, read as the owner: every decision and return against its ledger entry, both ways.

-- name: decisions
SELECT coalesce(d.batch_id, e.batch)::text, coalesce(d.step, (e.detail->>'step')::int), d.outcome, d.reviewer, d.author,
       d.digest, d.agency, d.level, d.reason, d.at, e.digest
FROM review_decision d
FULL JOIN (SELECT batch, digest, detail FROM ledger_entry WHERE act = %(act)s AND record IS NULL) e
       ON e.batch = d.batch_id AND (e.detail->>'step')::int = d.step;

-- name: returns
SELECT coalesce(r.record_id, e.record)::text, coalesce(r.rev, e.rev), r.fields, e.digest
FROM (SELECT record_id, rev, array_agg(concat_ws('|', batch_id, field, step, code, encode(sha256(reason), 'hex'), reviewer,
                                                 agency, level, (extract(epoch FROM at) * 1000000)::bigint) ORDER BY field COLLATE "C") AS fields
      FROM review_return GROUP BY 1, 2) r
FULL JOIN (SELECT record, rev, digest FROM ledger_entry WHERE act = %(act)s AND record IS NOT NULL) e
       ON e.record = r.record_id AND e.rev = r.rev;

-- name: progress
-- How far a batch got must follow from its decisions; those are held against the ledger by the statement above.
SELECT b.batch_id::text
FROM records_batch b
LEFT JOIN (SELECT batch_id, max(step) AS step, (array_agg(outcome ORDER BY step DESC))[1] AS outcome,
                  max(at) FILTER (WHERE step = 2 AND outcome = 'approve') AS second_at,
                  max(at) FILTER (WHERE step = 3 AND outcome = 'approve') AS final_at
           FROM review_decision GROUP BY 1) d ON d.batch_id = b.batch_id
WHERE b.second_at IS DISTINCT FROM d.second_at OR b.final_at IS DISTINCT FROM d.final_at
   OR (d.batch_id IS NULL AND b.state <> 'open' AND b.state <> CASE
       WHEN EXISTS (SELECT FROM records_chunk c WHERE c.batch_id = b.batch_id AND c.revisions > 0) THEN 'first_review'
       ELSE 'empty' END)
   OR (d.batch_id IS NOT NULL AND b.state <> CASE
       WHEN d.outcome = 'reject' THEN 'rejected'
       WHEN d.outcome = 'return' THEN 'returned'
       WHEN d.step = 1 THEN 'second_review'
       WHEN d.step = 2 AND EXISTS (
           SELECT FROM records_revision v LEFT JOIN records_setback s ON s.record_id = v.record_id AND s.rev = v.rev
           WHERE v.batch_id = b.batch_id AND v.final AND (s.rev IS NULL OR EXISTS (
               SELECT FROM review_return r WHERE r.record_id = v.record_id AND r.rev = v.rev AND r.step = 3))) THEN 'final_review'
       ELSE 'done' END);

-- name: setbacks
SELECT coalesce(s.record_id, r.record_id)::text, coalesce(s.rev, r.rev)
FROM records_setback s
FULL JOIN (SELECT record_id, rev, batch_id, agency, level FROM review_return GROUP BY 1, 2, 3, 4, 5) r
       ON r.record_id = s.record_id AND r.rev = s.rev
      AND r.batch_id = s.batch_id AND r.agency = s.agency AND r.level = s.level
WHERE s.record_id IS NULL OR r.record_id IS NULL;

-- name: samples
SELECT coalesce(s.batch_id, e.batch)::text, s.batch_id IS NULL
FROM review_sample s
FULL JOIN (SELECT batch, digest FROM ledger_entry WHERE act = %(act)s) e
       ON e.batch = s.batch_id AND e.digest = review_sample_head(s)
WHERE s.batch_id IS NULL OR e.batch IS NULL;
