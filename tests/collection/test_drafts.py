"""A draft in two windows, a save that comes late, a form sent twice: nothing is overwritten unseen and nothing revives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from browser.delivery import example
from delivered import deliver, rows_of
from offered import Form, read
from suyuan.collection import actions, queries
from suyuan.collection.errors import DraftChanged, DraftClosed, ImportMissing
from world import COUNTY, Somebody, World, signed_in

pytestmark = pytest.mark.usefixtures("database")
SERIAL = iter(range(1, 10_000))
HTMX = {"HX-Request": "true"}


def window(who: Somebody) -> Client:
    """A session of somebody, for their case."""
    client = signed_in(who.username)
    client.post("/ground/", {"ground": who.ground})
    return client


def form_at(client: Client, address: str) -> Form:
    """The entry form as a window shows it."""
    return next(one for one in read(client.get(address).content.decode()).forms if one.asks)


def typed(form: Form, **values: str) -> dict[str, list[str]]:
    """The form with a violation typed into it."""
    return form.filled(**(example("violation", notice_no=f"D{next(SERIAL):08}") | values))


def drafts(who: Somebody) -> list[queries.Draft]:
    """Somebody's open drafts."""
    with who.acting() as one:
        return queries.drafts(one)


def test_the_second_window_is_told_and_keeps_what_it_typed(world: World) -> None:
    """Both contents stand side by side; the first window's is what is kept, until somebody chooses."""
    client = window(world.collector)
    form = form_at(client, "/collect/new/violation/")
    client.post(form.asks, typed(form, address="原地址"), headers=HTMX)
    first, second = form_at(client, form.action), form_at(client, form.action)
    assert client.post(first.asks, first.filled(address="甲窗口"), headers=HTMX).status_code == 200
    assert client.post(first.asks, first.filled(address="甲窗口二"), headers=HTMX).status_code == 200
    for answer in (
        client.post(second.asks, second.filled(address="乙窗口"), headers=HTMX),
        client.post(second.action, second.filled(address="乙窗口")),
    ):
        assert answer.status_code == 409
        text = answer.content.decode()
        assert "已在另一个窗口改动" in text
        assert "甲窗口二" in text
        assert "乙窗口" in text
    [draft] = drafts(world.collector)
    assert draft.values["address"] == "甲窗口二"
    taken = client.post(second.asks, second.filled(address="乙窗口", _version=str(draft.version)), headers=HTMX)
    assert taken.status_code == 200
    assert client.post(first.asks, first.filled(address="甲窗口三"), headers=HTMX).status_code == 409
    with world.collector.acting() as who:
        actions.close_draft(who, draft.draft_id)


def test_a_late_save_does_not_revive_what_was_sent(world: World) -> None:
    """The save that was still on its way is refused and names the record; sending the form again makes no second one."""
    client = window(world.collector)
    form = form_at(client, "/collect/new/violation/")
    values = typed(form)
    client.post(form.asks, values, headers=HTMX)
    sent = client.post(form.action, values)
    assert sent.status_code == 302
    late = client.post(form.asks, values, headers=HTMX)
    assert late.status_code == 409
    assert "已经提交" in late.content.decode()
    assert sent["Location"] in late.content.decode()
    assert drafts(world.collector) == []
    again = client.post(form.action, values, follow=True)
    assert again.redirect_chain[-1][0] == sent["Location"]
    assert "这份草稿已经提交" in again.content.decode()


def test_a_discarded_draft_stays_away(world: World) -> None:
    """And its address leads to where another begins."""
    client = window(world.collector)
    form = form_at(client, "/collect/new/violation/")
    client.post(form.asks, typed(form), headers=HTMX)
    client.post(form.action + "discard/")
    assert client.post(form.asks, typed(form), headers=HTMX).status_code == 409
    assert drafts(world.collector) == []
    assert "这份草稿已经删除" in client.get(form.action, follow=True).content.decode()


def test_nobody_else_saves_or_learns_of_it(world: World) -> None:
    """Somebody else's draft is like none, closed or not."""
    with world.collector.acting() as who:
        actions.save_draft(who, draft := actions.new_id(), "violation", {"address": "甲"})
    for close in (False, True):
        if close:
            with world.collector.acting() as who:
                actions.close_draft(who, draft)
        with world.colleague.acting() as other:
            assert queries.any_draft(other, draft) is None
            with pytest.raises(ImportMissing):
                actions.save_draft(other, draft, "violation", {"address": "乙"}, version=1)


def test_the_database_holds_the_rule(world: World) -> None:
    """Raw SQL of the application reopens nothing and steps over no version."""
    with world.collector.acting() as who:
        first = actions.save_draft(who, draft := actions.new_id(), "violation", {"address": "甲"}, tab="a")
        with pytest.raises(DraftChanged) as changed:
            actions.save_draft(who, draft, "violation", {"address": "乙"}, version=first + 1, tab="b")
        assert changed.value.values == {"address": "甲"}
        assert _refused("UPDATE collection_draft SET content = 'x', version = version + 2 WHERE draft_id = %s", draft)
        actions.close_draft(who, draft)
        assert _refused(
            "UPDATE collection_draft SET closed_at = NULL, version = version + 1 WHERE draft_id = %s", draft
        )
        with pytest.raises(DraftClosed):
            actions.save_draft(who, draft, "violation", {"address": "乙"}, version=first, tab="a")


def test_without_versions_the_last_window_wins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a statement that asks for no version overwrites."""
    blind = actions.SQL["put_draft"].split("WHERE held")[0] + "RETURNING version"
    monkeypatch.setitem(actions.SQL, "put_draft", blind)
    with world.collector.acting() as who:
        actions.save_draft(who, draft := actions.new_id(), "violation", {"address": "甲"}, tab="a")
        actions.save_draft(who, draft, "violation", {"address": "乙"}, version=0, tab="b")
        found = queries.draft(who, draft)
        assert found is not None
        assert found.values == {"address": "乙"}


def _refused(statement: str, draft: UUID) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [draft])
    except DatabaseError:
        return True
    return False


def test_what_was_sent_after_the_sessions_end_comes_back_filled_in(world: World) -> None:
    """Without any script: after signing in again the form stands as it was typed, once, and for nobody else."""
    client = window(world.collector)
    form = form_at(client, "/collect/new/violation/")
    values = typed(form, address="会话结束后填写")
    for returns, there in ((world.colleague, False), (world.collector, True)):
        client.logout()
        sent = client.post(form.action, values)
        assert sent["Location"].startswith("/sign-in/")
        assert client.login(username=returns.username, password=returns.password)
        client.post("/ground/", {"ground": returns.ground})
        answer = client.get(form.action)
        assert ("会话结束后填写" in answer.content.decode()) is there
        assert (answer.status_code == 200) is there
    assert "请核对后重新提交" in answer.content.decode()
    assert client.get(form.action).status_code == 404
    assert client.post(form.action, values | {"_confirmed": ["1"]}).status_code == 302


def test_an_ended_session_tells_the_script_so(world: World) -> None:
    """401, and not the sign-in page in place of an answer; a living one says whose it is and for how long."""
    client = window(world.collector)
    alive = client.get("/session/").json()
    assert (alive["person"], alive["left"] <= 1800, len(alive["csrf"]) > 30) == (world.collector.person, True, True)
    client.logout()
    assert client.get("/session/").status_code == 401
    assert client.post("/collect/draft/01890000-0000-7000-8000-000000000000/check/", headers=HTMX).status_code == 401


@pytest.mark.clause("4.1")
@pytest.mark.control("C8")
def test_one_corrects_records_of_ones_own_agency_only(
    fresh_world: World, superuser: Callable[[], psycopg.Connection[Any]]
) -> None:
    """A county's collector reads a station's record, is not offered to correct it, and act and database refuse it."""
    _, result, _ = deliver(fresh_world.collector, "violation", rows_of("violation", 1))
    record, near, far = result.records[1], fresh_world.collector, fresh_world.colleague
    owner = superuser()
    owner.execute("SET session_replication_role = replica")
    owner.execute("UPDATE records_record SET state = 'in_force', in_force_rev = 1")
    owner.execute("UPDATE access_duty SET agency = %s WHERE duty = %s", [COUNTY, far.duty])
    address = f"/collect/correct/{record}/"
    for who, offered in ((near, True), (far, False)):
        page = window(who).get(f"/record/{record}/")
        assert (page.status_code, address in page.content.decode()) == (200, offered)
        assert window(who).post(address).status_code == (302 if offered else 403)
    with far.acting() as acting, pytest.raises(ImportMissing):
        actions.save_draft(acting, actions.new_id(), "violation", {"place": "甲地"}, record)
