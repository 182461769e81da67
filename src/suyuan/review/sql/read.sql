-- Statements of review.queries and review.actions, under row level security.

-- name: waiting
SELECT b.batch_id, b.type, b.state, b.agency, b.level, b.collector, b.channel, b.opened_at, b.closed_at, b.digest,
       b.needs_final, b.accepted + b.warned, b.warned
FROM records_batch b
WHERE b.state = ANY(%(states)s) AND b.agency >= %(scope_lo)s AND b.agency < %(scope_hi)s AND b.collector <> %(person)s
  AND (NOT %(above)s OR b.agency > %(agency)s OR b.agency = 0) AND (NOT %(own)s OR b.agency = %(agency)s)
  AND (%(batch)s::uuid IS NULL OR b.batch_id = %(batch)s)
  AND NOT EXISTS (SELECT FROM review_decision d WHERE d.batch_id = b.batch_id AND d.reviewer = %(person)s)
ORDER BY b.closed_at LIMIT 200;

-- name: batch
SELECT b.batch_id, b.type, b.state, b.agency, b.level, b.collector, b.channel, b.opened_at, b.closed_at, b.digest,
       b.needs_final, b.accepted + b.warned, b.warned
FROM records_batch b WHERE b.batch_id = %(batch)s AND b.state <> 'open';

-- name: decisions
SELECT batch_id, step, outcome, reviewer, reason, at, digest FROM review_decision
WHERE batch_id = ANY(%(batches)s) ORDER BY batch_id, step;

-- name: returns
SELECT record_id, rev, field, step, code, reason, reviewer, at FROM review_return
WHERE batch_id = %(batch)s ORDER BY record_id, field;

-- name: returns_of_record
SELECT record_id, rev, field, step, code, reason, reviewer, at FROM review_return
WHERE record_id = %(record)s ORDER BY rev DESC, field;

-- name: sample
SELECT population, bound, confidence, seed, seqs,
       (SELECT count(*) FROM review_look l WHERE l.batch_id = s.batch_id AND l.step = s.step AND l.reviewer = s.reviewer)
FROM review_sample s WHERE batch_id = %(batch)s AND step = %(step)s AND reviewer = %(person)s;

-- name: draw
SELECT population, bound, confidence, seed, seqs, 0, review_sample_head(s)
FROM review_draw(%(batch)s, %(step)s::smallint, %(bound)s, %(confidence)s) s;

-- name: look
INSERT INTO review_look (batch_id, step, reviewer, seq, agency, level)
SELECT %(batch)s, %(step)s, %(person)s, seq, %(agency)s, %(level)s FROM unnest(%(seqs)s::int[]) AS seq
ON CONFLICT DO NOTHING;

-- name: decide
INSERT INTO review_decision (batch_id, step, outcome, reviewer, author, digest, agency, level, reason, at)
VALUES (%(batch)s, %(step)s, %(outcome)s, %(reviewer)s, %(author)s, %(digest)s, %(agency)s, %(level)s, %(reason)s, %(at)s);

-- name: give_back
INSERT INTO review_return (batch_id, record_id, rev, field, step, code, reason, reviewer, agency, level, at)
SELECT %(batch)s, n.record_id, n.rev, n.field, %(step)s, n.code, n.reason, %(reviewer)s, v.agency, v.level, %(at)s
FROM unnest(%(records)s::uuid[], %(revs)s::int[], %(fields)s::text[], %(codes)s::text[], %(reasons)s::bytea[])
     AS n (record_id, rev, field, code, reason)
JOIN records_revision v ON v.record_id = n.record_id AND v.rev = n.rev AND v.batch_id = %(batch)s
RETURNING record_id, rev, field, code, agency, level;

-- name: earlier
SELECT * FROM review_earlier(%(batch)s, %(seqs)s::int[]);

-- name: marks
SELECT m.record_id, m.rev, m.reasons, v.row_no
FROM review_mark m JOIN records_revision v ON v.record_id = m.record_id AND v.rev = m.rev
WHERE m.batch_id = %(batch)s AND m.step = %(step)s AND m.reviewer = %(person)s ORDER BY v.seq;

-- name: mark
INSERT INTO review_mark (batch_id, step, reviewer, record_id, rev, agency, level, reasons)
SELECT %(batch)s, %(step)s, %(person)s, v.record_id, v.rev, v.agency, v.level, %(reasons)s
FROM records_revision v WHERE v.record_id = %(record)s AND v.rev = %(rev)s AND v.batch_id = %(batch)s
ON CONFLICT (batch_id, step, reviewer, record_id, rev) DO UPDATE SET reasons = EXCLUDED.reasons, at = now()
RETURNING rev;

-- name: unmark
DELETE FROM review_mark
WHERE batch_id = %(batch)s AND step = %(step)s AND reviewer = %(person)s AND record_id = %(record)s AND rev = %(rev)s;
