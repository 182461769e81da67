-- What left as a file, for the auditor (norm 5.3.1): who, what, for whom; the words stay sealed until the page opens them.

CREATE FUNCTION audit_exports(p_before bigint, p_limit int)
RETURNS TABLE (export bigint, at timestamptz, person bigint, agency bigint, ground bigint, type text, format text, whole boolean,
               rows int, expires_on date, words bytea, digest bytea, writer int, n bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE range int8range := audit_range();
BEGIN
    RETURN QUERY
    SELECT x.export, x.at, x.person, x.agency, x.ground, x.type, x.format, x.whole, x.rows, x.expires_on, x.words, x.digest,
           e.writer, e.n
    FROM records_export x JOIN access_person p ON p.person = x.person
    LEFT JOIN ledger_entry e ON e.person = x.person AND e.act = 8 AND (e.detail->>'export')::bigint = x.export
    WHERE range @> p.agency AND (p_before IS NULL OR x.export < p_before)
    ORDER BY x.export DESC LIMIT p_limit;
END $$;
REVOKE EXECUTE ON FUNCTION audit_exports(bigint, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_exports(bigint, int) TO suyuan_app;
