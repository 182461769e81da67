"""Who looked at what and why, for those who watch the watchers: search, samples, signals, proofs (norm 5.3)."""
