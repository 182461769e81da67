"""The five minutes with an inspector, through the pages (norm 5.3)."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from audit.test_desk import MONDAY, past_week, sequence  # noqa: F401  # fixtures
from delivered import deliver, rows_of
from suyuan.records import queries as records
from world import Somebody, World, signed_in

pytestmark = pytest.mark.usefixtures("database")


def page_of(who: Somebody) -> Client:
    """A signed-in session."""
    return signed_in(who.username)


@pytest.mark.clause("5.3.1")
def test_five_minutes_with_an_inspector(world: World) -> None:
    """Who looked, why, that the entry cannot be removed, and a proof to take home."""
    _, result, _ = deliver(
        world.collector, "violation", [rows_of("violation", 1)[0] | {"notice_no": f"I-{uuid4().hex[:8]}"}]
    )
    record = result.records[1]
    with world.colleague.acting() as who:
        records.open_record(who, record)
    sequence()
    client = page_of(world.auditor)
    assert "查询账本的目的" in client.get(f"/audit/record/{record}/").content.decode()
    page = client.get(f"/audit/record/{record}/?purpose=lawfulness").content.decode()
    for words in ("周同", "查看", "案件 A3301020000002026010001", "采集"):
        assert words in page
    [entry] = {part.split('"')[0] for part in page.split('href="/audit/entry/')[1:2]}
    assert "证明成立" in client.get(f"/audit/entry/{entry}").content.decode()
    bundle = client.post(f"/audit/prove/{record}/")
    assert bundle["Content-Type"] == "application/zip"


def test_the_search_form_finds_by_person_and_says_what_it_does_not_know(world: World) -> None:
    """By staff number; an unknown name is named; nobody but the auditor has the page."""
    client = page_of(world.auditor)
    found = client.get("/audit/?purpose=integrity&person=T00001&act=collect").content.decode()
    assert "王采" in found
    assert "未找到“无此人”" in client.get("/audit/?purpose=integrity&person=无此人").content.decode()
    for other in (world.head, world.collector, world.security):
        for address in ("/audit/", "/audit/weeks/", "/audit/questions/", "/audit/findings/"):
            assert page_of(other).get(address).status_code == 403


def test_a_week_is_drawn_answered_and_concluded_on_the_page(world: World, past_week: object) -> None:  # noqa: F811
    """Draw; the head answers on their page; the auditor answers the rest and concludes."""
    auditor, head = page_of(world.auditor), page_of(world.head)
    assert "待抽查" in auditor.get("/audit/weeks/").content.decode()
    address = f"/audit/weeks/{MONDAY}/"
    assert "已记入账本" in auditor.post(address, {"act": "draw"}, follow=True).content.decode()
    page = head.get("/audit/sample/").content.decode()
    item = page.split('name="item" value="')[1].split('"')[0]
    head.post("/audit/sample/", {"act": "answer", "item": item, "founded": "no", "note": "说不出理由"})
    assert "说不出理由" in auditor.get("/audit/findings/").content.decode()
    while 'name="item"' in (page := auditor.get(address).content.decode()):
        for part in page.split('name="item" value="')[1:]:
            auditor.post(address, {"act": "answer", "item": part.split('"')[0], "founded": "yes"})
    assert "已办结" not in auditor.get("/audit/weeks/").content.decode()
    auditor.post(address, {"act": "conclude", "conclusion": "一件转为问题"})
    assert "已办结" in auditor.get("/audit/weeks/").content.decode()


def test_findings_are_opened_and_closed_on_the_page(world: World) -> None:
    """A form that lacks something is refused in words; a closed finding shows its outcome."""
    client = page_of(world.auditor)
    bad = client.post(
        "/audit/findings/", {"act": "open", "matter": "", "owner": "T00011", "due_on": "2027-01-01"}, follow=True
    )
    assert "须写明事项" in bad.content.decode()
    good = {"act": "open", "matter": "深夜查阅", "about": "T00002", "owner": "T00011", "due_on": "2027-01-01"}
    page = client.post("/audit/findings/", good, follow=True).content.decode()
    number = page.split('name="finding" value="')[1].split('"')[0]
    closed = client.post("/audit/findings/", {"act": "close", "finding": number, "outcome": "已说明"}, follow=True)
    assert "已说明" in closed.content.decode()


def test_questions_are_asked_on_the_page(world: World, past_week: object) -> None:  # noqa: F811
    """With their words; nothing is said of people but that they are asked."""
    page = page_of(world.auditor).get(f"/audit/questions/?since={MONDAY}&purpose=monitoring").content.decode()
    assert "不是结论" in page
