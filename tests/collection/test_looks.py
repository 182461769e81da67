"""What an import or a draft shows of persons is a look: entered under the ground, and put on no disk (control map 14)."""

from __future__ import annotations

import tempfile
from collections import Counter
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.test import Client

from collection.test_pages import OPEN, browser, finish, upload  # noqa: F401  # fixture
from suyuan.collection import looks
from suyuan.installation import current
from suyuan.ledger.acts import Act
from world import Somebody

pytestmark = pytest.mark.usefixtures("database")


def entered(who: Somebody) -> Counter[str]:
    """What this person's looks at things on their way in say was shown."""
    with psycopg.connect(current().database("owner")) as owner:
        rows = owner.execute(
            "SELECT detail->>'done' FROM ledger_entry WHERE act = %s AND person = %s AND record IS NULL",
            [int(Act.consult), who.person],
        )
        return Counter(said for (said,) in rows if said)


def shown(browser: Client, collector: Somebody, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """A preview, the findings of the import, and a draft that is opened again; no temporary file is made."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a temporary file was made")

    import_id, _ = upload(browser, "uk.csv", (OPEN / "uk_west_yorkshire_street_2016-07.csv").read_bytes())
    assert browser.post(f"/collect/import/{import_id}/start/").status_code == 302
    finish(collector, import_id)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    answer = browser.get(f"/collect/import/{import_id}/findings.xlsx")
    assert b"".join(answer.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]  # a streamed answer
    draft = uuid4()
    browser.post(f"/collect/draft/{draft}/check/", {"_type": "violation", "place": "人民路"})
    assert browser.get(f"/collect/draft/{draft}/").status_code == 200


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C14")
def test_previews_findings_and_drafts_are_looks(
    browser: Client,  # noqa: F811
    collector: Somebody,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An entry each, by whom and of which import or draft."""
    before = entered(collector)
    shown(browser, collector, monkeypatch)
    new = entered(collector) - before
    assert new["preview_import"] >= 1
    assert (new["take_findings"], new["open_draft"]) == (1, 1)


def test_without_the_entry_they_would_leave_none(
    browser: Client,  # noqa: F811
    collector: Somebody,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative control: with the entry taken out, nothing says what was shown."""
    before = entered(collector)
    monkeypatch.setattr(looks, "enter", lambda *_: None)
    shown(browser, collector, monkeypatch)
    assert entered(collector) == before
