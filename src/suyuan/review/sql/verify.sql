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
