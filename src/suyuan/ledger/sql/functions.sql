-- Reading the ledger. The application role cannot select from it: entries say who looked at whom.

CREATE FUNCTION ledger_about(p_record uuid, p_limit int)
RETURNS TABLE (at bigint, act smallint, person bigint, ground bigint, agency bigint, rev int, sequenced boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT e.at, e.act, e.person, e.ground, e.agency, e.rev,
           EXISTS (SELECT FROM ledger_leaf l WHERE l.writer = e.writer AND l.n = e.n)
    FROM ledger_entry e
    WHERE (e.record = p_record OR e.shown @> ARRAY[p_record])
      AND NULLIF(current_setting('suyuan.person', true), '') IS NOT NULL
    ORDER BY e.at DESC LIMIT p_limit
$$;
REVOKE EXECUTE ON FUNCTION ledger_about(uuid, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_about(uuid, int) TO suyuan_app;
