"""Collection: how data comes in, from a form, a file or another body (norm 3.1)."""
