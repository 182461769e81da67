"""Pages in a real Chromium against a live server."""
