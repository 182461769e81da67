-- Where every row of a batch was given back nothing is left to approve or to reject: it can only go back as a whole.

CREATE OR REPLACE FUNCTION review_decision_allowed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE b records_batch; held int;
BEGIN
    b := review_may(NEW.batch_id, NEW.step);
    IF NEW.reviewer <> access_person_now() THEN
        PERFORM review_refuse('review_reviewer_acts');
    END IF;
    IF NEW.agency <> b.agency OR NEW.level <> b.level THEN
        PERFORM review_refuse('review_same_place');
    END IF;
    -- The clock of a decision is the database's: nobody signs for yesterday.
    IF abs(extract(epoch FROM clock_timestamp() - NEW.at)) > 300 THEN
        PERFORM review_refuse('review_at_now');
    END IF;
    held := review_population(NEW.batch_id);
    IF held = 0 AND NEW.outcome <> 'return' THEN
        PERFORM review_refuse('review_nothing_left');
    END IF;
    IF NEW.outcome = 'approve' AND held > 20 AND NOT EXISTS (
        SELECT FROM review_sample s
        WHERE s.batch_id = NEW.batch_id AND s.step = NEW.step AND s.reviewer = NEW.reviewer
          AND cardinality(s.seqs) >= review_sample_size(least(s.population, held), 0.05, 0.9)
          AND NOT EXISTS (
              SELECT FROM unnest(s.seqs) AS wanted (seq) WHERE NOT EXISTS (
                  SELECT FROM review_look l WHERE l.batch_id = s.batch_id AND l.step = s.step
                    AND l.reviewer = s.reviewer AND l.seq = wanted.seq)))
    THEN
        PERFORM review_refuse('review_sample_unseen');
    END IF;
    RETURN NEW;
END $$;
