"""What to give each door: the arguments of addresses and commands, the forms of pages, the bodies of API operations.

A thing of the place is said by its name (`"record"`), anything else is a value. A door with an argument of a new name is red
until somebody says here what to give it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from os import getpid
from tempfile import gettempdir
from typing import Any
from uuid import UUID

from django.utils import timezone

from access.everything import PLACES, Place
from delivered import rows_of

NOBODY = UUID("00000000-0000-7000-8000-000000000000")
NOTHING = 10**9 + 7
TODAY, LATER = str(timezone.localdate()), str(timezone.localdate() + timedelta(days=9))
WORDS = "缘由足够长"
# Objects that arguments name; a door without such an argument shows a list or is about nobody's object.
OBJECTS = {"record", "batch", "person", "draft", "import_id", "writer", "number", "agency", "parent", "pk"}
THINGS = {"record", "waiting", "person", "draft", "import_id", "writer", "monday", "duty", "way", "proposal", "token", "request",
          "ground", "glass", "raised", "asleep", "spare", "finding", "username", "factor"}  # fmt: skip
# By name alone.
GIVEN: dict[str, Any] = {
    "record": "record", "batch": "waiting", "person": "person", "draft": "draft", "import_id": "import_id", "pk": "factor",
    "writer": "writer", "n": 1, "type": "violation", "type_name": "violation", "field": "plate", "rev": 1, "monday": "monday",
    "version": 1, "agency": "agency", "parent": "agency", "reason": WORDS, "kind": "analyst", "clearance": 1, "key": 1,
    "starts_on": TODAY, "ends_on": LATER, "starts": TODAY, "ends": LATER, "name": "某机构", "staff_no": "N77", "most": 99,
    "digest": "=digest", "basis": "某令", "recipient": "某局", "purpose": "某事", "duty": "duty", "outcome": "approve",
    "answer": "grant", "account": "newcomer", "before": 1, "after": 1, "out": "=out", "file": "=file", "host": "0" * 16,
    "subject": "no.such", "a": 1, "provider_id": "agency",
}  # fmt: skip
# By door and name, where the name alone says something else.
OWN: dict[tuple[str, str], Any] = {
    ("access:person", "number"): "person", ("access:way_in", "number"): "way", ("access:proposal", "number"): "proposal",
    ("access:token_revoke", "number"): "token", ("user confirm", "number"): "way", ("user refuse", "number"): "way",
    ("duty approve", "number"): "proposal", ("duty refuse", "number"): "proposal", ("duty effect", "number"): "proposal",
    ("duty raise", "number"): "duty", ("duty end", "number"): "duty", ("duty lower", "number"): "raised",
    ("ground answer", "number"): "request", ("ground end", "number"): "ground", ("token revoke", "number"): "token",
    ("clearing approve", "number"): 1, ("clearing refuse", "number"): 1, ("policy propose", "kind"): "look",
    ("record dispose", "record"): "spare", ("ground assign", "kind"): "case", ("ground request", "kind"): "case",
    ("user reset", "account"): "username", ("user reset", "kind"): "password", ("user enable", "person"): "asleep",
    ("user add", "name"): "某人", ("collection:codes", "field"): "act", ("collection:pick", "field"): "act",
    ("token new", "name"): "某程序", ("audit:verifier", "kind"): "py", ("ledger staff", "record"): "spare", ("vault hand-over", "file"): "=out",
    ("duty propose", "kind"): "first_reviewer",
}  # fmt: skip
# What a page is asked for besides its address, so that it shows what it can.
QUERIES: dict[str, dict[str, Any]] = {
    "records:compare": {"a": 1, "b": 1}, "audit:search": {"act": "consult"},
}  # fmt: skip
# What pages send, by address: each act with its fields. `@name` is another object for the address itself, `+` what it is called.
FORMS: dict[str, list[dict[str, Any]]] = {
    "access:agencies": [{"parent": "agency", "name": "某机构", "name_en": "", "division_code": ""}],
    "access:people": [{"staff_no": "N77", "name": "某人", "agency": "agency"}],
    "access:person": [
        {"act": "grant", "kind": "analyst", "agency": "agency", "clearance": 1, "starts_on": TODAY, "ends_on": LATER, "reason": WORDS},
        {"act": "raise", "duty": "duty", "reason": WORDS}, {"act": "account", "username": "newcomer", "reason": WORDS},
        {"act": "reset", "username": "username", "kind": "password", "reason": WORDS}, {"act": "end", "duty": "duty"},
        {"act": "lower", "duty": "raised"}, {"act": "disable"}, {"act": "enable", "@number": "asleep"},
    ],
    "access:way_in": [{"act": "confirm"}, {"act": "refuse"}],
    "access:proposals": [{"+": "limit", "kind": "look", "most": 99, "reason": WORDS}],
    "access:proposal": [{"act": "approve"}, {"act": "refuse"}],
    "access:token_revoke": [{}],
    "access:undertaking_signed": [{"body": "另一份承诺书的全文，" * 4, "reason": WORDS}],
    "access:clearings": [
        {"act": "propose", "digest": "0" * 64, "reason": WORDS}, {"act": "approve", "number": 1}, {"act": "refuse", "number": 1},
    ],
    "access:grounds": [
        {"act": "new", "holder": "=holder", "kind": "case", "reference": "", "reason": WORDS, "ends_on": LATER},
        {"act": "grant", "number": "request"}, {"act": "refuse", "number": "request"}, {"act": "end", "number": "ground"},
    ],
    "access:emergency": [
        {"act": "break", "reason": WORDS}, {"act": "review", "number": "glass", "justified": "yes", "note": "已核"},
    ],
    "audit:week": [
        {"act": "answer", "item": "=item", "founded": "yes", "note": "已核"}, {"act": "draw"},
        {"act": "conclude", "conclusion": "已核"},
    ],
    "audit:sample": [{"act": "answer", "item": "=item", "founded": "yes", "note": "已核"}],
    "audit:findings": [
        {"act": "open", "about": "=asleep", "owner": "username", "due_on": LATER, "matter": "某事"},
        {"act": "close", "finding": "finding", "outcome": "已办"},
    ],
    "audit:prove": [{}, {"+": "send content", "content": "1", "recipient": "某局"}],
    "records:search": [{"q": "=notice"}], "records:list": [{"q": "=notice"}],
    "records:record": [{}], "records:compare": [{}], "records:reveal": [{}], "records:dispose": [{"basis": "某令", "@record": "spare"}],
    "web:export": [{"recipient": "某局", "purpose": "某事", "format": "csv"}],
    "review:batch": [
        {"act": "draw"}, {"act": "take"}, {"outcome": "approve", "digest": "=digest"},
        {"outcome": "return", "digest": "=digest", "reason": "缘由"}, {"outcome": "reject", "digest": "=digest", "reason": "缘由"},
        {"act": "mark", "shown": "=row", "back": "=row"}, {"act": "keep", "shown": "=row", "back": "=row"}, {"+": "unmark", "unmark": "=marked"},
    ],
    "keys:disposals": [{"record": "record"}],
    "keys:list": [{"act": "renew", "level": 1, "suite": "aes-256-gcm", "place": "file"}, {"act": "signing", "place": "file"}, {"act": "destroy", "key": 1}],
    "vault:level": [{"act": "present", "share": "x"}, {"act": "seal"}],
    "collection:draft": [{"_type": "violation"}], "collection:check": [{"_type": "violation"}], "collection:discard": [{}],
    "collection:codes": [{"q.act": "1"}], "collection:wizard": [{}],
    "collection:correct": [{}], "collection:reading": [{"encoding": "utf-8"}], "collection:mapping": [{"mapping": "x"}],
    "collection:start": [{}], "collection:withdraw": [{}],
    "account_login": [{"login": "username", "password": "guess-guess-1"}],
    "access:by_code": [{"username": "username", "first": "AAAA-AAAA-AAAA-AAAA", "second": "BBBB-BBBB-BBBB-BBBB",
                        "password": "guess-guess-1", "again": "guess-guess-1"}],
    "access:activate": [{"kind": "system_administrator", "code": "AAAA-AAAA-AAAA-AAAA", "staff_no": "N78", "name": "某人",
                         "username": "founder", "password": "guess-guess-1", "again": "guess-guess-1"}],
    "account_signup": [{"username": "username", "password1": "guess-guess-1", "password2": "guess-guess-1"}],
    "access:pass_used": [{"username": "username", "code": "AAAA-AAAA-AAAA-AAAA"}],
    "access:token": [{"name": "某程序", "days": 1, "account": "=account"}],
    "access:account": [{"old_password": "guess-guess-1", "new_password1": "guess-guess-2", "new_password2": "guess-guess-2"}],
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "prove_record": {}, "reveal_field": {}, "draw_sample": {}, "take_review": {}, "search_type": {"q": "=notice"},
    "search_records": {"q": "=notice"}, "decide": {"outcome": "approve", "digest": "=digest"},
    "submit_batch amends": {"basis": "某令", "rows": "=correction"},
}  # fmt: skip
# Commands that do something more with an option: what it is called, and the words.
MORE: dict[str, list[tuple[str, list[str]]]] = {"record show": [(" reveal", ["--reveal"])]}
OUT = f"{gettempdir()}/door-{getpid()}-"
"""How the files that commands write begin."""
_files = count()


def given(door: str, name: str, place: Place) -> Any:
    """What to give an argument of a door. Raises `KeyError` for one of which nothing is known."""
    said = OWN.get((door, name), ...)
    return thing(GIVEN[name] if said is ... else said, place)


def thing(said: Any, place: Place) -> Any:
    """A value, or what the place has by that name."""
    t = place.things
    special: dict[str, Callable[[], Any]] = {
        "agency": lambda: place.agency, "=digest": lambda: bytes(t["waiting_digest"]).hex(),
        "=holder": lambda: f"{t['person']} {t['duty']}", "=notice": lambda: f"{notice_of(place)}1",
        "=item": lambda: f"{place.agency} {t['monday']} {t['writer']} 1", "=row": lambda: f"{t['waiting_record']} 1",
        "=marked": lambda: f"{t['waiting_spare']} 1",
        "=account": lambda: t["account"], "=asleep": lambda: f"s-{place.relation}", "=correction": lambda: [correction(place)], "=file": lambda: __file__,
        "=out": lambda: f"{OUT}{next(_files)}.csv",
    }  # fmt: skip
    if isinstance(said, str) and said in special:
        return special[said]()
    return t[said] if isinstance(said, str) and said in THINGS else said


def correction(place: Place) -> dict[str, Any]:
    """A row that corrects the record of a place."""
    row = rows_of("violation", 1)[0]
    return row | {
        "notice_no": f"{notice_of(place)}0",
        "address": "改正后的地址",
        "_amends": str(place.things["record"]),
    }


def mark_of(relation: str) -> str:
    """A word that stands in every object of a place and in nothing else."""
    return f"记号{_number(relation)}号"


def notice_of(place: Place) -> str:
    """How the numbers of a place's records begin."""
    return f"E{_number(place.relation):05}"


def _number(relation: str) -> int:
    return list(PLACES).index(relation) if relation in PLACES else 99


def marks(place: Place) -> tuple[str, str]:
    """By what an object of a place is known where it is shown."""
    return mark_of(place.relation), notice_of(place)


def nowhere(place: Place) -> Place:
    """A place whose every object is missing."""
    lost: dict[str, Any] = {
        name: NOBODY if isinstance(one, UUID) else NOTHING if isinstance(one, int) else one
        for name, one in place.things.items()
    }
    return Place("nowhere", 10**15 - 1, lost)
