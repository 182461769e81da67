"""Records, their immutable revisions, and the only code that writes them (norm 3.3.1, 3.4.2)."""
