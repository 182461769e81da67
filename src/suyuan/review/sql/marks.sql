-- Rows that a reviewer means to give back, kept while the batch is looked through: working notes of one person, gone
-- with the decision. What was given back lies in review_return.

CREATE TABLE review_mark (
    batch_id uuid NOT NULL,
    step smallint NOT NULL CONSTRAINT review_mark_step CHECK (step BETWEEN 1 AND 3),
    reviewer bigint NOT NULL REFERENCES access_person,
    record_id uuid NOT NULL,
    rev int NOT NULL,
    agency bigint NOT NULL,
    level smallint NOT NULL,
    reasons bytea NOT NULL,                                 -- encrypted: they may quote the content
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_id, step, reviewer, record_id, rev)
);

-- Marking is for whoever may decide, and for rows of the batch alone.
CREATE FUNCTION review_mark_allowed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE b records_batch := review_may(NEW.batch_id, NEW.step);
BEGIN
    IF NEW.reviewer <> access_person_now() THEN
        PERFORM review_refuse('review_reviewer_acts');
    END IF;
    IF NOT EXISTS (SELECT FROM records_revision v JOIN records_record r ON r.record_id = v.record_id AND r.latest_rev = v.rev
                   WHERE v.record_id = NEW.record_id AND v.rev = NEW.rev AND v.batch_id = NEW.batch_id
                     AND v.agency = NEW.agency AND v.level = NEW.level AND r.state = b.state) THEN
        PERFORM review_refuse('review_same_place');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_mark_allowed BEFORE INSERT OR UPDATE ON review_mark
    FOR EACH ROW EXECUTE FUNCTION review_mark_allowed();

-- A decision ends the step, and with it everybody's notes on the batch.
CREATE FUNCTION review_marks_end() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM review_mark WHERE batch_id = NEW.batch_id;
    RETURN NULL;
END $$;
CREATE TRIGGER review_marks_end AFTER INSERT ON review_decision
    FOR EACH ROW EXECUTE FUNCTION review_marks_end();
REVOKE EXECUTE ON FUNCTION review_mark_allowed(), review_marks_end() FROM PUBLIC;

ALTER TABLE review_mark ENABLE ROW LEVEL SECURITY;
ALTER TABLE review_mark FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_functions ON review_mark TO suyuan_owner USING (true) WITH CHECK (true);
DO $$ BEGIN
    EXECUTE format('CREATE POLICY own ON review_mark TO suyuan_app USING (reviewer = (SELECT access_person_now()) AND %1$s)
                    WITH CHECK (reviewer = (SELECT access_person_now()) AND %1$s)', access_range_rule('see'));
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON review_mark TO suyuan_app;

-- What rows of a batch said before, for whoever is to review it: the revision in force, else the one before. The
-- ciphertext comes as it lies; what lies beyond the reviewer's agencies or level stays there.
CREATE FUNCTION review_earlier(p_batch uuid, p_seqs int[])
RETURNS TABLE (
    record_id uuid, rev int, type text, agency bigint, level smallint, valid_from timestamptz, recorded_at timestamptz,
    author bigint, batch_id uuid, seq int, row_no int, final boolean, facets text, terms bytea, digest bytea, content bytea,
    key_id int, wrapped_key bytea, state text, in_force_rev int, latest_rev int, release bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF NOT access_proven() OR NOT records_take_batch(p_batch) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT e.record_id, e.rev, e.type, e.agency, e.level, e.valid_from, e.recorded_at, e.author, e.batch_id, e.seq,
           e.row_no, e.final, e.facets::text, array_send(e.terms), e.digest, e.content,
           r.key_id, r.wrapped_key, r.state, r.in_force_rev, r.latest_rev, b.release
    FROM records_revision v JOIN records_record r ON r.record_id = v.record_id
    JOIN records_revision e ON e.record_id = v.record_id AND e.rev = coalesce(NULLIF(r.in_force_rev, v.rev), v.rev - 1)
    JOIN records_batch b ON b.batch_id = e.batch_id
    WHERE v.batch_id = p_batch AND v.seq = ANY(p_seqs) AND v.rev > 1 AND e.rev < v.rev
      AND access_in_scope(e.agency, e.level)
    ORDER BY v.seq;
END $$;
REVOKE EXECUTE ON FUNCTION review_earlier(uuid, int[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION review_earlier(uuid, int[]) TO suyuan_app;
