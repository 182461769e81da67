"""Shell, layout and shared parts of every page."""
