"""Rows marked to go back survive pages and sessions, and a decision acts on all of them; amendments show what changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest
from django.test import Client

from browser.delivery import Delivered, deliver, example
from offered import Form, read
from review.test_returning import returned, rows_in
from suyuan.ledger.acts import Act
from suyuan.review import actions, queries
from suyuan.review import marks as kept
from suyuan.review.actions import GivenBack
from suyuan.review.errors import ReviewRefused
from suyuan.review.marks import Line
from world import Somebody, World, signed_in

pytestmark = pytest.mark.usefixtures("database")
SERIAL = iter(range(1, 10_000))


def violations(who: Somebody, rows: int, **values: str) -> Delivered:
    """A closed batch of violations."""
    made = [example("violation", notice_no=f"M{next(SERIAL):08}", **values) for _ in range(rows)]
    return deliver(who, "violation", *made)


def window(who: Somebody) -> Client:
    """A session of somebody on duty, under no other ground."""
    client = signed_in(who.username)
    client.post("/ground/", {"ground": who.duty_ground})
    return client


def deciding(html: str) -> Form:
    """The form of a batch page that decides."""
    return next(one for one in read(html).forms if "digest" in dict(one.values))


def turn(client: Client, batch: UUID, start: int, tick: str | None = None) -> str:
    """Open a page of a batch, tick its first row with a reason if asked to, and turn to the next; gives the row."""
    form = deciding(client.get(f"/review/{batch}/", {"from": start}).content.decode())
    row = dict(form.boxes).get("back", "") if tick else ""
    sent = form.filled(None, **({"back": row, f"why {row} 0": tick} if tick else {})) | {"go": [str(start + 20)]}
    assert client.post(f"/review/{batch}/", sent).status_code == 302
    return row


@pytest.mark.clause("3.2.1")
def test_marks_on_a_sample_survive_its_pages_and_the_session(world: World) -> None:
    """Two rows of two pages of a sample are marked; somebody who signs in anew and signs from the third returns both."""
    found = violations(world.collector, 59)
    client = window(world.first)
    client.post(f"/review/{found.batch}/", {"act": "draw"})
    rows = [turn(client, found.batch, 0, "写明路口"), turn(client, found.batch, 20, "写明车道")]
    client = window(world.first)
    page = client.get(f"/review/{found.batch}/", {"from": 40}).content.decode()
    assert "将退回 2 条" in page
    assert "写明路口" in page
    form = deciding(page)
    approve = next(one for one in form.buttons if one.value == "approve")
    assert client.post(f"/review/{found.batch}/", form.filled(approve)).status_code == 302
    assert returned(found.batch) == 2
    with world.first.on_duty() as who:
        assert {f"{one.record} {one.rev}": one.reason for one in queries.returns(found.batch)} == {
            rows[0]: "写明路口", rows[1]: "写明车道"}  # fmt: skip
        assert kept.marks(who, found.batch, 1) == []


def test_a_mark_is_taken_back(world: World) -> None:
    """By its button from any page, and by unticking the row on its own."""
    found = violations(world.collector, 3)
    client = window(world.first)
    address = f"/review/{found.batch}/"
    form = deciding(client.get(address).content.decode())
    rows = [value for name, value in form.boxes if name == "back"]
    client.post(address, form.filled() | {"back": rows[:2], f"why {rows[0]} 0": ["甲"], "go": ["0"]})
    page = client.get(address).content.decode()
    assert "将退回 2 条" in page
    client.post(address, deciding(page).filled() | {"unmark": [rows[0]], "shown": [], "back": []})
    page = client.get(address).content.decode()
    assert "将退回 1 条" in page
    client.post(address, deciding(page).filled() | {"back": [], "go": ["0"]})
    assert "将退回" not in client.get(address).content.decode()


def test_a_mark_is_kept_while_ticking(world: World) -> None:
    """The script sends what was ticked at once, and the page says how many go back."""
    found = violations(world.collector, 2)
    client = window(world.first)
    address = f"/review/{found.batch}/"
    form = deciding(client.get(address).content.decode())
    row = dict(form.boxes)["back"]
    sent = form.filled() | {"back": [row], f"why {row} 0": ["写明"], "act": ["mark"]}
    said = client.post(address, sent, headers={"HX-Request": "true"}).content.decode()
    assert "将退回 1 条" in said
    assert 'hx-swap-oob="true"' in said


@pytest.mark.clause("4.2")
@pytest.mark.parametrize("outcome", ["approve", "reject"])
def test_the_page_refuses_to_approve_nothing_and_loses_no_word(world: World, outcome: str) -> None:
    """What was ticked and typed stands on the page that says why."""
    found = violations(world.collector, 1)
    client = window(world.first)
    form = deciding(client.get(f"/review/{found.batch}/").content.decode())
    row = dict(form.boxes)["back"]
    sent = form.filled() | {"back": [row], f"why {row} 0": ["写明路口"], "reason": ["整体说明"], "outcome": [outcome]}
    answer = client.post(f"/review/{found.batch}/", sent)
    assert answer.status_code == 409
    text = answer.content.decode()
    for words in ("没有可以通过或驳回的", "写明路口", "整体说明", "将退回 1 条"):
        assert words in text
    assert returned(found.batch) == 0
    back = next(one for one in deciding(text).buttons if one.value == "return")
    assert client.post(f"/review/{found.batch}/", deciding(text).filled(back, reason="")).status_code == 302
    assert returned(found.batch) == 1


def test_what_somebody_else_decided_meanwhile_loses_no_word(world: World) -> None:
    """The batch has moved on: the page says so and still holds what was typed."""
    found = violations(world.collector, 1)
    client = window(world.first)
    form = deciding(client.get(f"/review/{found.batch}/").content.decode())
    with world.first.on_duty() as who:
        actions.decide(who, found.batch, 1, "approve", found.digest)
    approve = next(one for one in form.buttons if one.value == "return")
    answer = client.post(f"/review/{found.batch}/", form.filled(approve, reason="来源不明"))
    assert answer.status_code == 409
    assert "来源不明" in answer.content.decode()


def test_nobody_marks_for_another_or_beyond_the_batch(world: World) -> None:
    """A colleague reads none of it; a row of another batch is refused; who does not review marks nothing."""
    found, other = violations(world.collector, 1), violations(world.collector, 1)
    with world.first.on_duty() as who:
        kept.mark(who, found.batch, 1, found.records[0], 1, [Line("", "other", "写明")])
        with pytest.raises(ReviewRefused):
            kept.mark(who, found.batch, 1, other.records[0], 1, [Line("", "other", "写明")])
        assert len(kept.marks(who, found.batch, 1)) == 1
    for name in ("second", "colleague"):
        with pytest.raises(ReviewRefused), world.people[name].acting() as who:
            assert kept.marks(who, found.batch, 1) == []
            kept.mark(who, found.batch, 1, found.records[0], 1, [Line("", "other", "写明")])


def test_without_keeping_marks_the_first_page_is_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a page that keeps nothing signs away what was ticked before."""
    found = violations(world.collector, 25)
    client = window(world.first)
    client.post(f"/review/{found.batch}/", {"act": "draw"})
    monkeypatch.setattr("suyuan.review.views._keep_marks", lambda *_: None)
    turn(client, found.batch, 0, "写明路口")
    form = deciding(client.get(f"/review/{found.batch}/", {"from": 20}).content.decode())
    approve = next(one for one in form.buttons if one.value == "approve")
    client.post(f"/review/{found.batch}/", form.filled(approve))
    assert returned(found.batch) == 0


def looks_at(record: UUID, person: int) -> list[int]:
    """Revisions of a record that the ledger says a person looked at."""
    from suyuan.installation import current

    with psycopg.connect(current().database("owner")) as owner:
        rows = owner.execute(
            "SELECT rev FROM ledger_entry WHERE act = %s AND record = %s AND person = %s AND rev IS NOT NULL ORDER BY at",
            [int(Act.consult), record, person],
        )
        return [int(str(rev)) for (rev,) in rows.fetchall()]


@pytest.mark.clause("3.2.2", "3.4.2")
@pytest.mark.parametrize("ground", ["duty", "review"])
def test_reviewers_of_an_amendment_see_the_change_first(world: World, ground: str) -> None:
    """Old and new of each changed field before the whole, on duty alone; the look at the old revision is entered."""
    row = example("violation", notice_no=f"A{next(SERIAL):08}")
    first = deliver(world.collector, "violation", row)
    for name, step in (("first", 1), ("second", 2)):
        with world.people[name].on_duty() as who:
            actions.decide(who, first.batch, step, "approve", first.digest)
    later = deliver(world.collector, "violation", row | {"address": "体育场路 9 号"})
    record = first.records[0]
    for name, step in (("first", 1), ("second", 2)):
        reviewer = world.people[name]
        client = window(reviewer)
        if ground == "review":
            client.post(f"/review/{later.batch}/", {"act": "take"})
        text = client.get(f"/review/{later.batch}/").content.decode()
        assert "更正" in text
        assert "改动 1 项" in text
        old, new = re.findall(r"<del>(.*?)</del>", text), re.findall(r"<ins>(.*?)</ins>", text)
        assert (old, new) == ([row["address"]], ["体育场路 9 号"])
        assert text.index("<del>") < text.index("更正后的全部内容")
        assert looks_at(record, reviewer.person) == [1]
        with reviewer.on_duty() as who:
            actions.decide(who, later.batch, step, "approve", later.digest)


def test_nobody_else_is_shown_what_stood_before(
    world: World, superuser: Callable[[], psycopg.Connection[tuple[object, ...]]]
) -> None:
    """Not the collector's colleague, not the reviewer of another step, and not by raw SQL; the wall stays where it is."""
    row = example("violation", notice_no=f"A{next(SERIAL):08}")
    first = deliver(world.collector, "violation", row)
    for name, step in (("first", 1), ("second", 2)):
        with world.people[name].on_duty() as who:
            actions.decide(who, first.batch, step, "approve", first.digest)
    later = deliver(world.collector, "violation", row | {"address": "体育场路 9 号"})
    for name in ("second", "colleague", "head", "final", "outside_first"):
        with world.people[name].on_duty() as who:
            assert queries.earlier(who, later.batch, [0, 1]) == {}
    with world.first.on_duty() as who:
        assert list(queries.earlier(who, later.batch, [0, 1])) == [first.records[0]]
    assert rows_in(later.batch) == [(first.records[0], 2)]


def test_a_record_in_force_is_headed_so_while_its_amendment_waits(world: World) -> None:
    """On its page and in lists; once the amendment is given back, too."""
    row = example("violation", notice_no=f"A{next(SERIAL):08}")
    first = deliver(world.collector, "violation", row)
    for name, step in (("first", 1), ("second", 2)):
        with world.people[name].on_duty() as who:
            actions.decide(who, first.batch, step, "approve", first.digest)
    later = deliver(world.collector, "violation", row | {"address": "体育场路 9 号"})
    client = signed_in(world.colleague.username)
    client.post("/ground/", {"ground": world.colleague.ground})
    for outcome, word in (("", "更正待初审"), ("return", "更正退回")):
        if outcome:
            with world.first.on_duty() as who:
                actions.decide(who, later.batch, 1, outcome, later.digest, reason="写明")
        for address in (f"/record/{first.records[0]}/", "/records/violation/"):
            text = client.get(address).content.decode()
            assert re.search(rf"生效</span> <span[^>]*>·</span> <span[^>]*>{word}<", text), address


def signing(page: str, row: str, why: str, outcome: str = "approve") -> dict[str, list[str]]:
    """The form of a page with one row ticked, and why."""
    return deciding(page).filled() | {"back": [row], f"why {row} 0": [why], "outcome": [outcome]}


@pytest.mark.clause("3.2.1")
@pytest.mark.parametrize("why", ["", "  ", "……"])
def test_no_row_goes_back_without_words(world: World, why: str) -> None:
    """By the page nothing is signed and the mark stays, said to lack its reason; with words it is signed, in numbers."""
    found = violations(world.collector, 3)
    client = window(world.first)
    address = f"/review/{found.batch}/"
    page = client.get(address).content.decode()
    row = dict(deciding(page).boxes)["back"]
    answer = client.post(address, signing(page, row, why))
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "没有写明理由，未签署" in text
    assert "将退回 1 条" in text
    assert returned(found.batch) == 0
    signed = client.post(address, signing(text, row, "写明路口"), follow=True)
    assert "已签署：通过 2 条，退回 1 条" in signed.content.decode()
    assert returned(found.batch) == 1


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("approve", "已签署：通过 2 条<"), ("return", "已签署：退回 2 条<"), ("reject", "已签署：驳回 2 条<")],
)
def test_the_message_counts_what_was_signed(world: World, outcome: str, words: str) -> None:
    """A batch decided as a whole names one number."""
    found = violations(world.collector, 2)
    client = window(world.first)
    form = deciding(client.get(f"/review/{found.batch}/").content.decode())
    button = next(one for one in form.buttons if one.value == outcome)
    signed = client.post(f"/review/{found.batch}/", form.filled(button, reason="写明"), follow=True)
    assert words in signed.content.decode()


def test_the_act_itself_asks_for_words(world: World) -> None:
    """Whatever door it comes by, marked before or said with the decision: nothing of it happens."""
    found = violations(world.collector, 2)
    bare = GivenBack(found.records[0], 1, "address", "missing", " ")
    with world.first.on_duty() as who:
        with pytest.raises(ReviewRefused, match="没有写明理由"):
            actions.decide(who, found.batch, 1, "approve", found.digest, returns=[bare])
        kept.mark(who, found.batch, 1, found.records[0], 1, [Line("", "missing", "")])
        with pytest.raises(ReviewRefused, match="没有写明理由"):
            actions.decide(who, found.batch, 1, "approve", found.digest)
    assert returned(found.batch) == 0
    with world.first.on_duty() as who:
        done = actions.decide(
            who, found.batch, 1, "approve", found.digest, returns=[bare._replace(field="", reason="缺页")]
        )
    assert done == (1, 1)
