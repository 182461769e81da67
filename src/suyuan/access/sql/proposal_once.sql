-- The same power is not proposed twice while the first proposal waits: whoever wants it otherwise withdraws that one.
-- What stands beside it (reason, clearance, number, text) does not make it another; a lapsed proposal blocks nothing.

CREATE FUNCTION access_proposal_subject(p access_proposal) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT to_jsonb(p) - ARRAY['proposal', 'reason', 'clearance', 'most', 'body',
                               'proposed_by', 'proposed_at', 'decided_by', 'decided_at', 'approved']
$$;
CREATE FUNCTION access_proposal_once() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Two at the same moment come one after the other.
    PERFORM pg_advisory_xact_lock(hashtextextended('access_proposal ' || access_proposal_subject(NEW)::text, 0));
    IF EXISTS (SELECT FROM access_proposal p WHERE p.decided_at IS NULL AND p.proposed_at > now() - interval '7 days'
               AND access_proposal_subject(p) = access_proposal_subject(NEW)) THEN
        PERFORM access_refuse('access_proposal_once');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_proposal_once BEFORE INSERT ON access_proposal
    FOR EACH ROW EXECUTE FUNCTION access_proposal_once();
REVOKE EXECUTE ON FUNCTION access_proposal_subject(access_proposal), access_proposal_once() FROM PUBLIC;
