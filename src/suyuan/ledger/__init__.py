"""审计账本 Ledger."""
