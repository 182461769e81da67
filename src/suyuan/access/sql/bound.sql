-- Whoever may do something, may do it because a row here says so; each such row is bound to the entry of the act that made it.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['access_agency', 'access_person', 'access_duty', 'access_ground', 'access_ground_request',
        'access_emergency', 'access_limit', 'access_proposal', 'access_undertaking', 'access_undertaking_signature'] LOOP
        EXECUTE format('CREATE TRIGGER ledger_changed AFTER INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION ledger_changed()', t);
    END LOOP;
END $$;
-- Of an account, whose it is and whether it opens; passwords change without an entry's digest.
CREATE TRIGGER ledger_changed AFTER INSERT OR UPDATE OF username, person, is_active ON access_account
    FOR EACH ROW EXECUTE FUNCTION ledger_changed();
