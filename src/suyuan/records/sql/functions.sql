-- The only ways a record changes after it arrived. All run as the owner with a fixed search path; those
-- that review calls from its trigger are not executable by the application role.

-- Whole microseconds since 1970 (UTC), as the ledger counts them.
CREATE FUNCTION records_micros(at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (extract(epoch FROM at) * 1000000)::bigint;

-- Key digests sent as one string of bytes, since quoting each of 20,000 costs more than looking them up.
CREATE FUNCTION records_split(p_keys bytea) RETURNS bytea[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(substr(p_keys, n * 16 + 1, 16)), '{}') FROM generate_series(0, length(p_keys) / 16 - 1) AS n
$$;

-- Revisions arrive only in a batch that is open, by its collector, under the agency and level of their record;
-- a batch is as high as its highest type.
CREATE FUNCTION records_revision_arrives() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT batch_id, author, agency, level FROM arrived) a
        LEFT JOIN records_batch b ON b.batch_id = a.batch_id
        WHERE b.state IS DISTINCT FROM 'open' OR b.collector <> a.author OR b.agency <> a.agency OR b.level < a.level)
    THEN
        RAISE EXCEPTION 'records_revision_batch_open' USING ERRCODE = 'check_violation', CONSTRAINT = 'records_revision_batch_open';
    END IF;
    IF EXISTS (
        SELECT FROM arrived a LEFT JOIN records_record r ON r.record_id = a.record_id
        WHERE r.record_id IS NULL OR r.agency <> a.agency OR r.level <> a.level OR r.type <> a.type
           OR a.rev <> r.latest_rev + CASE WHEN a.rev = 1 THEN 0 ELSE 1 END)
    THEN
        RAISE EXCEPTION 'records_revision_in_sequence' USING ERRCODE = 'check_violation', CONSTRAINT = 'records_revision_in_sequence';
    END IF;
    -- An amendment: the record waits for review again while the revision in force stays visible.
    UPDATE records_record r SET latest_rev = a.rev, state = 'first_review', at = a.valid_from
    FROM arrived a WHERE a.rev > 1 AND r.record_id = a.record_id
        AND r.state IN ('in_force', 'returned', 'rejected');
    IF EXISTS (SELECT FROM arrived a JOIN records_record r USING (record_id) WHERE a.rev > 1 AND r.latest_rev <> a.rev) THEN
        RAISE EXCEPTION 'records_revision_under_review' USING ERRCODE = 'check_violation', CONSTRAINT = 'records_revision_under_review';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER records_revision_arrives AFTER INSERT ON records_revision
    REFERENCING NEW TABLE AS arrived FOR EACH STATEMENT EXECUTE FUNCTION records_revision_arrives();

-- Revisions, chunks and keys are never rewritten in place, not by the owner either.
CREATE FUNCTION records_unchangeable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'records_unchangeable' USING ERRCODE = 'check_violation', CONSTRAINT = 'records_unchangeable';
END $$;
CREATE TRIGGER records_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON records_revision
    FOR EACH STATEMENT EXECUTE FUNCTION records_unchangeable();
CREATE TRIGGER records_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON records_chunk
    FOR EACH STATEMENT EXECUTE FUNCTION records_unchangeable();

-- The latest content of an amended record, for recognising it when it is sent again.
CREATE FUNCTION records_remark(p_batch uuid, p_keys bytea[], p_marks bytea[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    UPDATE records_key k SET mark = n.mark, batch_id = p_batch
    FROM unnest(p_keys, p_marks) AS n (key_digest, mark), records_batch b
    WHERE k.key_digest = n.key_digest AND b.batch_id = p_batch AND b.state = 'open'
      AND b.collector = access_person_now() AND k.agency = b.agency;
$$;

-- Every plain column of a batch that is fixed when it opens or closes, as one digest for its ledger entry.
CREATE FUNCTION records_batch_head(b records_batch) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT sha256(convert_to(concat_ws('|', b.batch_id, b.type, b.agency, b.level, b.collector, b.channel,
        coalesce(encode(b.source_digest, 'hex'), '-'), coalesce(encode(b.mapping_digest, 'hex'), '-'), encode(b.release, 'hex'),
        encode(sha256(b.label), 'hex'), records_micros(b.opened_at), coalesce(records_micros(b.closed_at), 0),
        coalesce(encode(b.digest, 'hex'), '-'), coalesce(b.needs_final::text, '-'),
        b.accepted, b.warned, b.returned, b.duplicate, b.skipped, b.legal_basis), 'UTF8'))
$$;

-- Close a batch: what it holds is fixed, its digest computed here from its chunks, and the first review opens.
CREATE FUNCTION records_close(p_batch uuid, p_skipped int) RETURNS records_batch
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE b records_batch; c record;
BEGIN
    SELECT * INTO b FROM records_batch
    WHERE batch_id = p_batch AND state = 'open' AND collector = access_person_now() FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'records_batch_not_open' USING ERRCODE = 'check_violation', CONSTRAINT = 'records_batch_not_open';
    END IF;
    SELECT sha256(string_agg(digest, ''::bytea ORDER BY chunk_no)) AS digest, bool_or(needs_final) AS needs_final,
           coalesce(sum(revisions), 0) AS revisions, coalesce(sum(accepted), 0) AS accepted, coalesce(sum(warned), 0) AS warned,
           coalesce(sum(returned), 0) AS returned, coalesce(sum(duplicate), 0) AS duplicate
    INTO c FROM records_chunk WHERE batch_id = p_batch;
    UPDATE records_batch SET closed_at = now(), digest = c.digest, needs_final = coalesce(c.needs_final, false),
        accepted = c.accepted, warned = c.warned, returned = c.returned, duplicate = c.duplicate, skipped = p_skipped,
        state = CASE WHEN c.revisions > 0 THEN 'first_review' ELSE 'empty' END
    WHERE batch_id = p_batch RETURNING * INTO b;
    RETURN b;
END $$;

-- One revision goes back to its collector. Called by review's trigger only.
CREATE FUNCTION records_return(p_record uuid, p_rev int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO records_setback (record_id, rev, batch_id, agency, level)
    SELECT record_id, rev, batch_id, agency, level FROM records_revision WHERE record_id = p_record AND rev = p_rev
    ON CONFLICT DO NOTHING;
    UPDATE records_record SET state = 'returned'
    WHERE record_id = p_record AND latest_rev = p_rev AND state IN ('first_review', 'second_review', 'final_review');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'records_not_under_review' USING ERRCODE = 'check_violation', CONSTRAINT = 'records_not_under_review';
    END IF;
END $$;

-- A review step was decided for a batch: move the records it still holds. Called by review's trigger only.
CREATE FUNCTION records_advance(p_batch uuid, p_step int, p_outcome text, p_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    here text := (ARRAY['first_review', 'second_review', 'final_review'])[p_step];
    b records_batch;
BEGIN
    SELECT * INTO b FROM records_batch WHERE batch_id = p_batch AND state = here FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'records_batch_not_at_step' USING ERRCODE = 'check_violation', CONSTRAINT = 'records_batch_not_at_step';
    END IF;
    WITH moving AS (
        SELECT v.record_id, v.rev,
               CASE WHEN p_outcome = 'reject' THEN 'rejected' WHEN p_outcome = 'return' THEN 'returned'
                    WHEN p_step = 1 THEN 'second_review' WHEN p_step = 2 AND v.final THEN 'final_review'
                    ELSE 'in_force' END AS state
        FROM records_revision v WHERE v.batch_id = p_batch)
    UPDATE records_record r SET state = m.state,
        in_force_rev = CASE WHEN m.state = 'in_force' THEN m.rev ELSE r.in_force_rev END
    FROM moving m WHERE r.record_id = m.record_id AND r.latest_rev = m.rev AND r.state = here;
    UPDATE records_batch SET
        state = CASE WHEN p_outcome = 'reject' THEN 'rejected' WHEN p_outcome = 'return' THEN 'returned'
                     WHEN p_step = 1 THEN 'second_review'
                     WHEN p_step = 2 AND EXISTS (
                         SELECT FROM records_revision v JOIN records_record r USING (record_id)
                         WHERE v.batch_id = p_batch AND v.final AND r.state = 'final_review') THEN 'final_review'
                     ELSE 'done' END,
        second_at = CASE WHEN p_step = 2 AND p_outcome = 'approve' THEN p_at ELSE second_at END,
        final_at = CASE WHEN p_step = 3 AND p_outcome = 'approve' THEN p_at ELSE final_at END
    WHERE batch_id = p_batch;
END $$;

REVOKE EXECUTE ON FUNCTION records_return(uuid, int), records_advance(uuid, int, text, timestamptz) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION records_close(uuid, int), records_remark(uuid, bytea[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_close(uuid, int), records_remark(uuid, bytea[], bytea[]) TO suyuan_app;
