"""Keys, envelope encryption, keyed search terms (norm 5.2.1, 3.3.3)."""
