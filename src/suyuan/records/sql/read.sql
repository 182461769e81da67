-- Statements of records.queries. All run under row level security unless they call a search function.

-- name: hold_keys
SELECT pg_advisory_xact_lock_shared(records_keys_lock());

-- name: revisions
SELECT v.record_id, v.rev, v.type, v.agency, v.level, v.valid_from, v.recorded_at, v.author, v.batch_id, v.seq,
       v.row_no, v.final, v.facets::text, array_send(v.terms), v.digest, v.content,
       r.key_id, r.wrapped_key, r.state, r.in_force_rev, r.latest_rev,
       (SELECT under.release FROM records_batch under WHERE under.batch_id = v.batch_id)
FROM records_revision v JOIN records_record r ON r.record_id = v.record_id

-- name: current
WHERE v.record_id = ANY(%(ids)s) AND v.rev = coalesce(r.in_force_rev, r.latest_rev);

-- name: latest
WHERE v.record_id = ANY(%(ids)s) AND v.rev = r.latest_rev;

-- name: all_of_one
WHERE v.record_id = %(id)s ORDER BY v.rev;

-- name: of_batch
WHERE v.batch_id = %(batch)s AND (%(seqs)s::int[] IS NULL OR v.seq = ANY(%(seqs)s))
ORDER BY v.seq OFFSET %(offset)s LIMIT %(limit)s;

-- name: as_of
-- The revision that was in force here at known_at and true in the world at as_of. A revision comes into force
-- with the last review its batch needed, unless it was given back.
JOIN records_batch b ON b.batch_id = v.batch_id
WHERE v.record_id = %(id)s AND v.valid_from <= %(as_of)s
  AND CASE WHEN v.final THEN b.final_at ELSE b.second_at END <= %(known_at)s
  AND NOT EXISTS (SELECT FROM records_setback s WHERE s.record_id = v.record_id AND s.rev = v.rev)
ORDER BY v.valid_from DESC, v.rev DESC LIMIT 1;

-- name: history
SELECT v.rev, v.valid_from, v.recorded_at, v.author, v.batch_id, v.row_no, v.final, v.digest,
       b.channel, b.legal_basis, b.state, b.label,
       CASE WHEN EXISTS (SELECT FROM records_setback s WHERE s.record_id = v.record_id AND s.rev = v.rev) THEN NULL
            WHEN v.final THEN b.final_at ELSE b.second_at END AS in_force_since,
       EXISTS (SELECT FROM records_setback s WHERE s.record_id = v.record_id AND s.rev = v.rev) AS returned
FROM records_revision v JOIN records_batch b ON b.batch_id = v.batch_id
-- Where the record itself is closed (sealed, or its content destroyed), so is its history.
JOIN records_record r ON r.record_id = v.record_id AND r.wrapped_key IS NOT NULL
WHERE v.record_id = %(id)s ORDER BY v.rev;

-- name: search
SELECT record_id, at FROM records_search(%(type)s, %(terms)s, %(terms_before)s, %(any)s, %(state)s, %(before)s, %(before_id)s, %(limit)s);

-- name: list
SELECT record_id, at FROM records_list(%(type)s, %(state)s, %(before)s, %(before_id)s, %(limit)s);

-- name: count
SELECT count(*) FROM records_list(%(type)s, %(state)s, NULL, NULL, %(limit)s);

-- name: count_search
SELECT count(*) FROM records_search(%(type)s, %(terms)s, %(terms_before)s, %(any)s, %(state)s, NULL, NULL, %(limit)s);

-- name: links
SELECT field, target_id, true AS outward FROM records_link WHERE record_id = %(id)s
  AND rev = %(rev)s
UNION ALL
SELECT l.field, l.record_id, false FROM records_link l JOIN records_record r
  ON r.record_id = l.record_id AND l.rev = coalesce(r.in_force_rev, r.latest_rev)
WHERE l.target_id = %(id)s;

-- name: take_batch
SELECT records_take_batch(%(batch)s);

-- name: collected
SELECT EXISTS (SELECT FROM records_batch WHERE batch_id = %(batch)s AND collector = %(person)s);

-- name: type_of
SELECT type FROM records_record WHERE record_id = %(id)s;
