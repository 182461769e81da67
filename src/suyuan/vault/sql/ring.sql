-- Statements of vault.installed, vault.book, vault.generations and vault.hosts.

-- name: ready
SELECT to_regclass('public.vault_check') IS NOT NULL;

-- name: known
SELECT EXISTS (SELECT FROM vault_check);

-- name: checks
SELECT secret, value FROM vault_check;

-- name: ring
SELECT key_id, level, suite, holder, depth, state, created FROM vault_generation ORDER BY key_id;

-- name: signing
SELECT number, holder, created, since, public, signature FROM vault_signing ORDER BY number;

-- name: name
INSERT INTO vault_installation (installation) VALUES (gen_random_uuid()) ON CONFLICT DO NOTHING;

-- name: add_check
INSERT INTO vault_check (secret, value) VALUES (%(secret)s, %(value)s);

-- name: alone
-- One at a time changes the ring; whoever reads it waits for nobody.
LOCK TABLE vault_generation IN SHARE ROW EXCLUSIVE MODE;

-- name: add_generation
INSERT INTO vault_generation (key_id, level, suite, holder, depth, state, created)
VALUES (%(id)s, %(level)s, %(suite)s, %(holder)s, %(depth)s, %(state)s, %(created)s);

-- name: move
UPDATE vault_generation SET state = %(state)s WHERE key_id = %(id)s AND state <> %(state)s;

-- name: add_signing
INSERT INTO vault_signing (number, holder, created, since, public, signature)
VALUES (%(number)s, %(holder)s, %(created)s, %(since)s, %(public)s, %(signature)s);

-- name: entries
SELECT EXISTS (SELECT FROM ledger_writer WHERE n > 0);

-- name: some_entries
SELECT writer, n, at, act, person, ground, agency, record, rev, batch, digest, shown, detail, mac
FROM ledger_entry ORDER BY writer, n LIMIT 20;

-- name: send
INSERT INTO vault_parcel (name, sealed) VALUES (%(name)s, %(sealed)s) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed;

-- name: only_newest
DELETE FROM vault_parcel WHERE name LIKE 'custodians %%' AND name <> %(name)s;

-- name: parcels
SELECT name, sealed FROM vault_parcel ORDER BY name;

-- name: delivered
-- Every host that is known has it; one that is gone for good is struck off.
DELETE FROM vault_parcel p WHERE NOT EXISTS (SELECT FROM vault_host h WHERE NOT p.name = ANY(h.holds));

-- name: teller
INSERT INTO vault_teller (key) VALUES (%(key)s) ON CONFLICT DO NOTHING;

-- name: clock
SELECT extract(epoch FROM clock_timestamp())::bigint;

-- name: tell
SELECT vault_tell(%(said)s, %(at)s, %(code)s);

-- name: holds
UPDATE vault_host SET holds = %(holds)s WHERE host = %(host)s;

-- name: hosts
SELECT h.host, h.name, extract(epoch FROM now() - h.seen)::int, vault_live(h), h.stopped, h.holds, h.level2
FROM vault_host h ORDER BY h.name, h.host;

-- name: others
SELECT EXISTS (SELECT FROM vault_host WHERE host <> %(host)s);

-- name: strike
DELETE FROM vault_host h WHERE h.host = %(host)s AND NOT vault_live(h);
