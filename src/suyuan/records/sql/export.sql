-- Export under decision (norm 1.3.3, 7.1.1): what left as a file, by whom, for whom and what for. One row a file, beside the
-- ledger entry that names every record in it. The words lie sealed; they are bound to the digest that the entry holds.

CREATE TABLE records_export (
    export bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person bigint NOT NULL REFERENCES access_person,
    ground bigint NOT NULL REFERENCES access_ground,
    agency bigint NOT NULL,
    level smallint NOT NULL CHECK (level IN (1, 2)),       -- the highest of its records
    type text NOT NULL,
    format text NOT NULL CHECK (format IN ('xlsx', 'csv')),
    whole boolean NOT NULL,                                -- identifying values in full
    rows int NOT NULL CHECK (rows > 0),
    words bytea NOT NULL,                                  -- recipient, purpose and the revisions, sealed
    digest bytea NOT NULL,
    at timestamptz NOT NULL,
    expires_on date NOT NULL
);
CREATE INDEX records_export_at ON records_export (at);
ALTER TABLE records_export ENABLE ROW LEVEL SECURITY;
ALTER TABLE records_export FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON records_export TO suyuan_owner USING (true) WITH CHECK (true);
CREATE POLICY ones_own ON records_export FOR SELECT TO suyuan_app USING (person = access_person_now());
GRANT SELECT ON records_export TO suyuan_app;
CREATE TRIGGER records_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON records_export
    FOR EACH STATEMENT EXECUTE FUNCTION records_unchangeable();

-- Enter one file of records of a type. Held here whatever the page believes: the duty by the tables, a ground that is
-- neither the duty's own nor an emergency, no more rows than the limit, and every record in force and within reach.
CREATE FUNCTION records_export(p_type text, p_format text, p_whole boolean, p_records uuid[], p_words bytea, p_digest bytea,
                               p_expires date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty(); made bigint; highest smallint; reached int;
BEGIN
    IF mine.kind IS NULL OR mine.kind NOT IN ('department_head', 'analyst') OR (p_whole AND mine.kind = 'analyst')
       OR EXISTS (SELECT FROM access_ground WHERE ground = NULLIF(current_setting('suyuan.ground', true), '')::bigint
                  AND kind IN ('duty', 'emergency')) THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT count(*), max(level) INTO reached, highest FROM records_record
    WHERE record_id = ANY (p_records) AND type = p_type AND state = 'in_force' AND access_in_scope(agency, level);
    IF reached = 0 OR reached <> cardinality(p_records)
       OR reached > (SELECT rows_at_once FROM access_limit WHERE kind = 'export') THEN
        PERFORM access_refuse('records_export_rows');
    END IF;
    INSERT INTO records_export (person, ground, agency, level, type, format, whole, rows, words, digest, at, expires_on)
    VALUES (mine.person, current_setting('suyuan.ground')::bigint, mine.agency, highest, p_type, p_format, p_whole, reached,
            p_words, p_digest, now(), p_expires) RETURNING export INTO made;
    RETURN made;
END $$;
REVOKE EXECUTE ON FUNCTION records_export(text, text, boolean, uuid[], bytea, bytea, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_export(text, text, boolean, uuid[], bytea, bytea, date) TO suyuan_app;
