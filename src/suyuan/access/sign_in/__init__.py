"""Signing in: passwords and their policy, the lock, second factors, the agency's identity provider, sessions."""
