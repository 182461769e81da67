-- A token is a way in: bound to the entry that made or revoked it, but for the time it was last used.
CREATE TRIGGER ledger_changed AFTER INSERT OR UPDATE OF account, name, digest, made_at, expires_at, revoked_at ON access_token
    FOR EACH ROW EXECUTE FUNCTION ledger_changed();
