"""The commands: `suyuan NAME`. Those of a room live in `<room>/cli.py`."""
