-- Statements of collection.deliveries; each is named by the line above it.

-- name: alone
-- The same key is dealt with once at a time; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended(encode(%(key)s, 'hex'), 0));

-- name: earlier
SELECT batch_id, answer FROM collection_delivery
WHERE person = %(person)s AND agency = %(agency)s AND key_digest = %(key)s;

-- name: remember
INSERT INTO collection_delivery (batch_id, person, agency, level, key_digest, answer)
VALUES (%(batch)s, %(person)s, %(agency)s, %(level)s, %(key)s, %(answer)s);
