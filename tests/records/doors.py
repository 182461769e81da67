"""Canaries sent through every door of the pages: entry, import, review, search, export, refusals and faults of ours."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from canaries import canary, planted, types
from suyuan.catalog.model import RecordType
from suyuan.collection import tasks
from world import Somebody, World, signed_in

_ADDRESSES = re.compile(r'(?:href|src|action|hx-get|hx-post)="([^"]*)"')


@dataclass
class Seen:
    """What the world outside saw: addresses that were asked for or offered, and pages that show nothing of records."""

    addresses: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)


class Visitor:
    """A signed-in session under one's case, whose every address is written down."""

    def __init__(self, who: Somebody, seen: Seen) -> None:
        self.who, self.seen = who, seen
        self.client: Client = signed_in(who.username, raise_request_exception=False)
        self.client.post("/ground/", {"ground": who.ground})

    def __call__(self, method: str, address: str, form: dict[str, Any] | None = None) -> Any:
        """Ask for an address as somebody would."""
        answer = getattr(self.client, method)(address, form or {})
        text = answer.content.decode("utf-8", "replace") if not answer.streaming else ""
        self.seen.addresses += [address, answer.get("Location", ""), *_ADDRESSES.findall(text)]
        self.seen.cookies += [morsel.OutputString() for morsel in self.client.cookies.values()]
        if answer.status_code in (403, 404, 429, 500, 503):
            self.seen.closed.append(text)
        return answer


def through(world: World, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Everything a day can bring, with canaries in all of it."""
    seen = Seen()
    collector, first, second, head, outsider = (
        Visitor(getattr(world, name), seen) for name in ("collector", "first", "second", "head", "outsider")
    )
    records = [record for one in types() for record in _entered(collector, one)]
    assert len(records) >= 12
    _imported(collector)
    _reviewed(first, second)
    for visitor in (collector, head, outsider):
        _searched(visitor)
    _exported(head)
    _refused(outsider, records)
    _broken(collector, records[0], monkeypatch)
    return seen


def _entered(collector: Visitor, one: RecordType) -> list[str]:
    """A form filled in, checked while typing, refused once, sent."""
    text = collector("get", f"/collect/new/{one.id}/").content.decode()
    draft = f"/collect/draft/{re.findall(r'/collect/draft/([0-9a-f-]{36})/check/', text)[0]}/"
    values = {"_type": one.id, "_tab": "t", "_confirmed": "1", "_basis": "依法采集"} | planted(one)
    collector("post", f"{draft}check/", values)
    day = next((name for name, each in one.fields.items() if each.type == "date" and each.required), None)
    if day:
        collector("post", draft, values | {day: canary()})
    sent = collector("post", draft, values)
    return re.findall(r"/record/[0-9a-f-]{36}/", sent.get("Location", ""))


def _imported(collector: Visitor) -> None:
    """A file with a telling name: good rows, and rows that come back with their values in the findings."""
    lines = [f"X{canary()},2026-03-05,{canary()}" for _ in range(120)] + [
        f"X{n},{canary()},{canary()}" for n in range(40)
    ]
    data = "\n".join(["no,day,where", *lines]).encode()
    sent = collector("post", "/collect/import/", {"file": SimpleUploadedFile(f"{canary()}.csv", data)})
    job = sent["Location"]
    text = (
        "mapping: c\nlegal_basis: 测试\nsource: {format: csv}\nrecords:\n  - type: alarm_call\n"
        "    fields: {call_no: no, received_on: day, address: where, source_category: where}\n"
    )
    collector("post", f"{job}mapping/", {"how": "text", "text": f"{text}# {canary()}\nwrong: {canary()}\n"})
    collector("post", f"{job}mapping/", {"how": "text", "text": text, "basis": "依法调取"})
    collector("get", job)
    collector("post", f"{job}start/")
    import_id = re.findall(r"[0-9a-f-]{36}", job)[0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE args->>'import_id' = %s", [import_id])
        args = cursor.fetchone()[0]
    tasks.run_import(**(args if isinstance(args, dict) else json.loads(args)))
    assert "已完成" in collector("get", job).content.decode()
    collector("get", f"{job}findings.xlsx")


def _reviewed(first: Visitor, second: Visitor) -> None:
    """The first batch goes back with reasons, the others through; a digest that is none is refused."""
    waiting = dict.fromkeys(re.findall(r"/review/[0-9a-f-]{36}/", first("get", "/review/").content.decode()))
    for number, batch in enumerate(waiting):
        text = first("get", batch).content.decode()
        digest = re.findall(r'name="digest" value="([0-9a-f]{64})"', text)[0]
        first("post", batch, {"outcome": "return", "digest": canary(), "reason": canary()})
        first("post", batch, {"outcome": "return" if number == 0 else "approve", "digest": digest, "reason": canary()})
        second("post", batch, {"outcome": "approve", "digest": digest, "reason": canary()})


def _searched(visitor: Visitor) -> None:
    """By words, by filters that no table knows, by a number that is none, in a picker, and on to the next page."""
    for address, form in (
        ("/search/", {"q": canary()}), ("/search/", {"q": canary()[:6]}), ("/records/violation/", {"q": canary(), "f.place": canary()}),
        ("/collect/codes/violation/act/", {"q.act": canary()}), ("/records/violation/", {"q": "示例"}),
    ):  # fmt: skip
        answer = visitor("post", address, form)
        if answer.get("Location"):
            text = visitor("get", answer["Location"]).content.decode()
            for following in re.findall(r'href="(\?[^"]+)" rel="next"', text):
                visitor("get", following)


def _exported(head: Visitor) -> None:
    """With identifying values in full, to a recipient who is a canary; refused for want of words; asked for a factor again."""
    form = {"recipient": canary(), "purpose": canary(), "format": "xlsx", "whole": "on"}
    address = "/records/violation/export/"
    assert head("post", address, form)["Content-Disposition"]
    head("post", address, form | {"recipient": ""})
    session = head.client.session
    session["account_authentication_methods"] = [{"method": "password", "at": 0}]
    session.save()
    assert "/reauthenticate/" in head("post", address, form)["Location"]


def _refused(outsider: Visitor, records: list[str]) -> None:
    """What lies out of reach, what was never there, and what the duty does not cover."""
    for record in records:
        outsider("get", record)
    outsider("get", f"/records/violation/export/?s={canary()[-5:-1]}")
    outsider("post", "/undertaking/", {"name": canary(), "version": "1"})


def _broken(collector: Visitor, record: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults of ours whose words quote what a record holds: of Python, and of the database with its DETAIL."""

    def quoting(*_: Any, **__: Any) -> None:
        raise ValueError(f"cannot read {canary()}")

    def refused_by_the_database(*_: Any, **__: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('suyuan.word', %s, false)", [canary()])
            cursor.execute("DO $$BEGIN RAISE unique_violation USING DETAIL = current_setting('suyuan.word'); END$$")

    for fault in (quoting, refused_by_the_database):
        with monkeypatch.context() as patch:
            patch.setattr("suyuan.records.dossier.open_dossier", fault)
            assert collector("get", record).status_code == 500


def told(addresses: list[str], mark: str) -> list[str]:
    """Addresses in which a canary can be read."""
    return [one for one in addresses if mark in unquote(one)]
