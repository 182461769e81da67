-- Tries to get in are counted, not kept one by one: a row for each kind of secret, account and source, and for each
-- address. An unknown account name stands there as a keyed digest, since people type passwords into that field; what
-- was typed so far is forgotten.
DROP TABLE access_try;
CREATE TABLE access_try (
    kind text NOT NULL CHECK (kind IN ('password', 'second', 'code', 'passkey', 'address')),
    username text NOT NULL,                                 -- of an account; a keyed digest of any other name
    source text NOT NULL,                                   -- 'device …', 'address …', 'unknown' for all without a mark
    since timestamptz NOT NULL DEFAULT now(),               -- when this window began
    at timestamptz NOT NULL DEFAULT now(),                  -- of the last try
    tries int NOT NULL DEFAULT 0 CHECK (tries >= 0),        -- in this window, each spent before anything is checked
    refused int NOT NULL DEFAULT 0 CHECK (refused >= 0),    -- unchecked, while locked
    locks int NOT NULL DEFAULT 0 CHECK (locks >= 0),        -- so far, for what locks longer each time
    locked_until timestamptz,
    PRIMARY KEY (username, kind, source)
);
CREATE INDEX access_try_at ON access_try (at);
GRANT SELECT, INSERT, UPDATE, DELETE ON access_try TO suyuan_app;  -- of the process alone, see wall.sql
