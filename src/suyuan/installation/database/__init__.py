"""Django's connection to PostgreSQL, which begins each request and each job on a clean session."""
