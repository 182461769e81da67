"""Fixtures of the collection tests."""

from __future__ import annotations

from collection.staff import collector

__all__ = ["collector"]
