"""Agencies, people, duties, grounds, acting context, decisions (norm 4, 5.1)."""
