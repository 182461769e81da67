-- Statements of records.batches. All run under row level security.

-- name: mine
SELECT batch_id, type, state, label, opened_at, closed_at, accepted + warned, returned
FROM records_batch WHERE collector = %(person)s ORDER BY opened_at DESC LIMIT %(limit)s;

-- name: returned
-- Records of one's own that a reviewer gave back and that nobody has corrected since.
SELECT v.record_id FROM records_batch b JOIN records_revision v ON v.batch_id = b.batch_id
    JOIN records_record r ON r.record_id = v.record_id AND r.latest_rev = v.rev
WHERE b.collector = %(person)s AND r.state = 'returned'
  AND (b.state = 'returned' OR EXISTS (SELECT FROM records_setback s WHERE s.batch_id = b.batch_id))
ORDER BY r.at DESC LIMIT %(limit)s;
