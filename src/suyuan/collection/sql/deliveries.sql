-- What a program was answered to a delivery that it gave a key of its own, so that the same delivery sent again is told the same.
CREATE TABLE collection_delivery (
    batch_id uuid PRIMARY KEY,
    person bigint NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    key_digest bytea NOT NULL,                             -- SHA-256 of whose it is and the sender's name for the delivery
    answer bytea NOT NULL,                                 -- what was sent, as its SHA-256, and what was answered: encrypted JSON
    made_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (person, agency, key_digest)
);
ALTER TABLE collection_delivery ENABLE ROW LEVEL SECURITY;
ALTER TABLE collection_delivery FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON collection_delivery TO suyuan_app
    USING (person = access_person_now() AND access_in_scope(agency, level))
    WITH CHECK (person = access_person_now() AND access_in_scope(agency, level));
GRANT SELECT, INSERT ON collection_delivery TO suyuan_app;
