"""Reading files from outside in a process of its own. `open_source` is the way in."""
