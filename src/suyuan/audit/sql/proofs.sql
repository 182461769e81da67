-- What the proof of one record reads (norm 5.3.1): headers, digests and ledger entries, for those who may issue it.
-- The content comes along as ciphertext only, so that its commitment can be computed where the keys are.

CREATE TABLE audit_proof (
    proof bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    record_id uuid NOT NULL,
    person bigint NOT NULL REFERENCES access_person,
    recipient text NOT NULL,
    with_content boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

-- A head of department within range, or the auditor. Anybody else gets no rows, as for a record that never was.
CREATE FUNCTION audit_may_prove(p_record uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty();
BEGIN
    RETURN EXISTS (
        SELECT FROM records_record r
        WHERE r.record_id = p_record AND (mine.kind = 'security_auditor'
            OR (mine.kind = 'department_head' AND access_in_scope(r.agency, r.level))));
END $$;

CREATE FUNCTION audit_proof_revisions(p_record uuid)
RETURNS TABLE (rev int, type text, agency bigint, level smallint, valid_from timestamptz, recorded_at timestamptz,
               author bigint, batch_id uuid, seq int, row_no int, final boolean, facets text, terms bytea, digest bytea,
               content bytea, key_id int, wrapped_key bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT v.rev, v.type, v.agency, v.level, v.valid_from, v.recorded_at, v.author, v.batch_id, v.seq, v.row_no, v.final,
           v.facets::text, array_send(v.terms), v.digest, v.content, r.key_id, r.wrapped_key
    FROM records_revision v JOIN records_record r USING (record_id)
    WHERE v.record_id = p_record AND audit_may_prove(p_record) ORDER BY v.rev
$$;

-- The digests that a batch's own digest was made of: those of its chunks, and within the record's chunks of each revision.
CREATE FUNCTION audit_proof_chunks(p_record uuid)
RETURNS TABLE (batch_id uuid, batch_digest bytea, chunk_no int, digest bytea, members bytea[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT b.batch_id, b.digest, c.chunk_no, c.digest,
           CASE WHEN EXISTS (SELECT FROM records_revision v WHERE v.record_id = p_record AND v.batch_id = b.batch_id
                             AND v.seq / 1000000 = c.chunk_no)
                THEN (SELECT array_agg(m.digest ORDER BY m.seq) FROM records_revision m
                      WHERE m.batch_id = b.batch_id AND m.seq / 1000000 = c.chunk_no) END
    FROM records_batch b JOIN records_chunk c USING (batch_id)
    WHERE b.batch_id IN (SELECT v.batch_id FROM records_revision v WHERE v.record_id = p_record)
      AND b.digest IS NOT NULL AND audit_may_prove(p_record)
    ORDER BY b.batch_id, c.chunk_no
$$;

CREATE FUNCTION audit_proof_decisions(p_record uuid)
RETURNS TABLE (batch_id uuid, step smallint, outcome text, reviewer bigint, author bigint, digest bytea, agency bigint,
               level smallint, reason_digest bytea, at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT d.batch_id, d.step, d.outcome, d.reviewer, d.author, d.digest, d.agency, d.level, sha256(d.reason), d.at
    FROM review_decision d
    WHERE d.batch_id IN (SELECT v.batch_id FROM records_revision v WHERE v.record_id = p_record) AND audit_may_prove(p_record)
    ORDER BY d.batch_id, d.step
$$;

-- Every entry about the record and its batches, with its leaf; NULL while it waits to be sequenced.
CREATE FUNCTION audit_proof_entries(p_record uuid)
RETURNS TABLE (leaf bigint, writer int, n bigint, at bigint, act smallint, person bigint, ground bigint, agency bigint,
               record uuid, rev int, batch uuid, digest bytea, shown uuid[], detail jsonb, mac bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT l.index, e.writer, e.n, e.at, e.act, e.person, e.ground, e.agency, e.record, e.rev, e.batch, e.digest, e.shown,
           e.detail, e.mac
    FROM ledger_entry e LEFT JOIN ledger_leaf l ON l.writer = e.writer AND l.n = e.n
    WHERE audit_may_prove(p_record)
      AND (e.record = p_record OR e.shown @> ARRAY[p_record]
           OR (e.record IS NULL AND e.batch IN (SELECT v.batch_id FROM records_revision v WHERE v.record_id = p_record)))
    ORDER BY l.index NULLS LAST
$$;

CREATE FUNCTION audit_issue_proof(p_record uuid, p_recipient text, p_with_content boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE made bigint;
BEGIN
    IF NOT audit_may_prove(p_record) THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO audit_proof (record_id, person, recipient, with_content)
    VALUES (p_record, access_person_now(), p_recipient, p_with_content) RETURNING proof INTO made;
    RETURN made;
END $$;

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY['audit_may_prove(uuid)', 'audit_proof_revisions(uuid)', 'audit_proof_chunks(uuid)',
                             'audit_proof_decisions(uuid)', 'audit_proof_entries(uuid)', 'audit_issue_proof(uuid, text, boolean)'] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO suyuan_app', f);
    END LOOP;
END $$;
