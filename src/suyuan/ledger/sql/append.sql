-- Statements of ledger.actions and ledger.sequencer.

-- name: lease
SELECT writer, n FROM ledger_lease();

-- name: counter
SELECT n FROM ledger_writer WHERE writer = %(writer)s;

-- name: append
-- The counter moves from the number the writer remembers, or nothing happens.
WITH counted AS (
    UPDATE ledger_writer SET n = n + 1 WHERE writer = %(writer)s AND n = %(n)s - 1 RETURNING n)
INSERT INTO ledger_entry (writer, n, at, act, person, ground, agency, record, rev, batch, digest, shown, detail, mac)
SELECT %(writer)s, n, %(at)s, %(act)s, %(person)s, %(ground)s, %(agency)s, %(record)s, %(rev)s, %(batch)s,
       %(digest)s, %(shown)s, %(detail)s::jsonb, %(mac)s
FROM counted;

-- name: advance
UPDATE ledger_writer SET n = n + %(count)s WHERE writer = %(writer)s AND n = %(n)s;

-- name: copy
COPY ledger_entry (writer, n, at, act, person, ground, agency, record, rev, batch, digest, mac)
FROM STDIN (FORMAT binary);

-- name: hold_signing
-- Until the round ends the signing key is not renewed: what it signs is of its time.
SELECT pg_advisory_xact_lock(1400204628);

-- name: waiting
SELECT w.writer, coalesce(s.n, 0), w.n
FROM ledger_writer w LEFT JOIN ledger_sequenced s ON s.writer = w.writer
WHERE w.open AND w.n > coalesce(s.n, 0) ORDER BY w.writer;

-- name: range
SELECT writer, n, at, act, person, ground, agency, record, rev, batch, digest, shown, detail::text, mac
FROM ledger_entry WHERE writer = %(writer)s AND n > %(after)s AND n <= %(upto)s ORDER BY n LIMIT 20000;

-- name: sequenced
INSERT INTO ledger_sequenced (writer, n) VALUES (%(writer)s, %(n)s)
ON CONFLICT (writer) DO UPDATE SET n = excluded.n;

-- name: tile
INSERT INTO ledger_tile (level, index, hashes) VALUES (%(level)s, %(index)s, %(hashes)s)
ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes;

-- name: last_checkpoint
SELECT size, root, note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1;

-- name: checkpoint
INSERT INTO ledger_checkpoint (size, root, note) VALUES (%(size)s, %(root)s, %(note)s);
