"""The tamper-evident audit log: append, sequence, prove, verify (norm 5.3)."""
