"""Tests of the content of the catalog: record types and code tables."""
