-- The catalog is the installation's: whoever records a release of it administers at the root.
CREATE OR REPLACE FUNCTION records_record_release(p_release bytea, p_content bytea, p_files jsonb, p_reason text) RETURNS bigint
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
