-- Statements of records.rotation, run as the owner, who sees every row.

-- name: switch
-- Alone for a moment: whoever writes under the key of before has ended, and whoever comes finds the next one.
SELECT pg_advisory_xact_lock(records_keys_lock());

-- name: some
-- Never waits: what somebody else holds is taken in the next round, so that no two wait for each other.
SELECT record_id, wrapped_key FROM records_record
WHERE key_id = %(old)s AND record_id > %(after)s ORDER BY record_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- name: revisions
SELECT record_id, rev, type, agency, level, valid_from, recorded_at, author, batch_id, seq, row_no, final,
       facets::text, terms, array_send(terms), digest, content
FROM records_revision WHERE record_id = ANY(%(records)s);

-- name: write_revision
UPDATE records_revision SET terms = %(terms)s, content = %(content)s WHERE record_id = %(record)s AND rev = %(rev)s;

-- name: write_record
UPDATE records_record SET key_id = %(new)s, wrapped_key = %(wrapped)s WHERE record_id = %(record)s;

-- name: left
SELECT count(*) FROM records_record WHERE key_id = %(old)s;

-- name: identities
SELECT key_digest FROM records_key WHERE depth < %(depth)s;

-- name: hold_identities
SELECT key_digest, mark FROM records_key WHERE key_digest = ANY(%(keys)s) AND depth < %(depth)s FOR UPDATE SKIP LOCKED;

-- name: drop_doubles
-- A row that an amendment wrote meanwhile under the new digest is the newer one.
DELETE FROM records_key k USING unnest(%(keys)s::bytea[], %(moved)s::bytea[]) AS n (old, moved)
WHERE k.key_digest = n.old AND EXISTS (SELECT FROM records_key o WHERE o.key_digest = n.moved);

-- name: move_identities
UPDATE records_key k SET key_digest = n.moved, mark = n.mark, depth = %(depth)s
FROM unnest(%(keys)s::bytea[], %(moved)s::bytea[], %(marks)s::bytea[]) AS n (old, moved, mark) WHERE k.key_digest = n.old;

-- name: identities_left
SELECT count(*) FROM records_key WHERE depth < %(depth)s;

-- name: under_keys
SELECT key_id, records FROM records_under_keys();
