"""审核 Review."""
