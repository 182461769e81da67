"""Whether nobody was made an administrator by an activation code after the founders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import psycopg

from suyuan import catalog
from suyuan.access.actions import FOUNDERS
from suyuan.installation import current
from suyuan.ledger.acts import Act
from suyuan.ledger.faults import Fault

_BEYOND = ("首批管理员之外又有人凭激活码成为管理员", "somebody became an administrator by a code after the founders")
_CODES = ("激活码的使用登记与账本不符", "the codes that were used differ from what the ledger says")


def verify_open_types() -> Iterator[Fault]:
    """The types that open without a purpose are those of the catalog, or some of them."""
    with psycopg.connect(current().database("owner")) as owner:
        rows = owner.execute("SELECT types FROM access_open_types").fetchall()
    known = set(catalog.current().open_types)
    kept = set(filter(None, rows[0][0].split(","))) if len(rows) == 1 else set()
    if len(rows) != 1 or not kept <= known or (known and not kept):
        zh, en = (
            "无须事由即可查阅的类型与目录不符",
            "the types that open without a purpose are not those of the catalog",
        )
        yield Fault("access.open_types", "access_open_types", zh, en)


def verify_founders() -> Iterator[Fault]:
    """Each activation beyond the founders, or after others were entered; codes used without an entry, or the reverse."""
    with psycopg.connect(current().database("owner")) as owner:
        rows = owner.execute(
            """SELECT e.writer, e.n, e.detail->>'kind', e.detail->>'done' FROM ledger_entry e
               LEFT JOIN ledger_leaf l ON l.writer = e.writer AND l.n = e.n
               WHERE e.act = %s AND e.detail->>'done' IN ('activate', 'add_person')
               ORDER BY l.index NULLS LAST, e.at, e.n""",
            [int(Act.administer)],
        ).fetchall()
        used = owner.execute("SELECT kind, count(*) FROM access_activation WHERE used_at IS NOT NULL GROUP BY 1")
        codes: Counter[str] = Counter(dict(used.fetchall()))
    left, entered, others = Counter(FOUNDERS), Counter[str](), False
    for writer, n, kind, done in rows:
        others = others or done == "add_person"
        if done == "activate":
            entered[kind] += 1
            if others or entered[kind] > left[kind]:
                yield Fault("access.activation_beyond", f"entry {writer}/{n}", *_BEYOND)
    for kind in sorted(codes | entered):
        if codes[kind] != entered[kind]:
            yield Fault("access.activation_codes", f"access_activation {kind}", *_CODES)
