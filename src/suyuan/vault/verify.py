"""Checking what the database knows of keys against the keys of this host."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

import psycopg

from suyuan.installation import current
from suyuan.ledger.faults import Fault
from suyuan.vault import installed
from suyuan.vault.actions import provider
from suyuan.vault.book import SQL


def verify_keys() -> Iterator[Fault]:
    """Faults in check values, in the ring of generations, and in records that lie under a key that is not in use."""
    mine, keys = installed.check_values(current(), provider().file), provider()
    with psycopg.connect(current().database("owner")) as owner:
        known = {name: bytes(value) for name, value in owner.execute(SQL["checks"]).fetchall()}
    for name, value in mine.items():
        if name in known and not hmac.compare_digest(known[name], value):
            zh, en = "密钥核对值与密钥不符", "the check value of a key does not fit it"
            yield Fault("vault.check_altered", name, zh, en)
    for one in keys.ring():
        if one.state != "destroyed" and not keys.holds(one.id):
            zh, en = (
                "本机缺少该密钥，其下内容未能核对",
                "this host lacks the key; what lies under it could not be checked",
            )
            yield Fault("vault.key_missing", f"key {one.id}", zh, en)
