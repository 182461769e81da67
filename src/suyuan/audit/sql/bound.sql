-- What auditors committed, drew, answered and found is bound to the entries of those acts.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['audit_week', 'audit_item', 'audit_finding', 'audit_staff_record', 'audit_absence'] LOOP
        EXECUTE format('CREATE TRIGGER ledger_changed AFTER INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION ledger_changed()', t);
    END LOOP;
END $$;
