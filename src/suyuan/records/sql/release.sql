-- Releases of the catalog: what each code and field meant when records were checked and approved under it. Content-addressed:
-- `release` is the SHA-256 of the content, as it stands on each batch.
CREATE TABLE records_release (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    release bytea NOT NULL CHECK (length(release) = 32),
    content bytea NOT NULL,                                -- all types and code tables as canonical JSON, deflated
    files jsonb NOT NULL,                                  -- SHA-256 of each file
    person bigint NOT NULL,                                -- 0: the first start
    reason text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX records_release_release ON records_release (release);
CREATE TRIGGER records_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON records_release
    FOR EACH STATEMENT EXECUTE FUNCTION records_unchangeable();
CREATE TRIGGER ledger_changed AFTER INSERT ON records_release FOR EACH ROW EXECUTE FUNCTION ledger_changed();

-- Whoever keeps the catalog records it, with a reason, and administers at the root, since it is the installation's; the first
-- start records what it came with.
CREATE FUNCTION records_record_release(p_release bytea, p_content bytea, p_files jsonb, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE mine access_duty := access_acting_duty(); made bigint;
BEGIN
    IF EXISTS (SELECT FROM records_release)
       AND NOT coalesce(mine.kind IN ('system_administrator', 'security_administrator') AND mine.agency = 0, false) THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO records_release (release, content, files, person, reason)
    VALUES (p_release, p_content, p_files, coalesce(mine.person, 0), p_reason) RETURNING number INTO made;
    RETURN made;
END $$;
REVOKE EXECUTE ON FUNCTION records_record_release(bytea, bytea, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_record_release(bytea, bytea, jsonb, text) TO suyuan_app;
GRANT SELECT ON records_release TO suyuan_app;
