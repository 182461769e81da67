"""First, second and final review (norm 3.2)."""
