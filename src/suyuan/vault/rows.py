"""Rows of this room that are bound to the ledger (`ledger/bound.py`)."""

from __future__ import annotations

from suyuan.ledger.bound import Bound

BOUND = (Bound("vault_installation", ("installation",)),)
