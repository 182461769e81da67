"""Every page holds to WCAG 2.2 AA as far as axe can tell, at both widths, and none runs off the side of a phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from browser.delivery import deliver, example
from browser.people import sign_in
from suyuan.records.asked import sealed
from world import Somebody, World

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

MONDAY = timezone.localdate() - timedelta(days=timezone.localdate().weekday() + 7)


def pages(world: World, record: object, batch: object) -> dict[Somebody | None, list[str]]:
    """Addresses by who looks at them."""
    return {
        None: ["/sign-in/", "/activate/"],
        world.collector: [
            "/", "/collect/new/", "/collect/new/violation/", "/collect/import/", "/records/", "/records/violation/",
            "/search/",
            f"/search/?s={sealed(world.collector.person, {'q': '没有这个'})}", f"/record/{record}/", "/account/", "/nowhere/", "/grounds/", "/emergency/",
            "/sign-in/factor/", "/account/sessions/", "/sign-in/factor/totp/activate/", "/undertaking/",
        ],
        world.first: ["/", "/review/", f"/review/{batch}/"],
        world.analyst: ["/"],
        world.auditor: [
            "/", "/review/", "/emergency/", "/audit/?purpose=lawfulness&person=T00001", f"/audit/record/{record}/", "/audit/weeks/",
            f"/audit/weeks/{MONDAY}/", "/audit/questions/?purpose=lawfulness", "/audit/findings/", "/audit/entry/1/1/?purpose=lawfulness", "/audit/exports/",
        ],
        world.custodian: ["/", "/vault/keys/"],
        world.head: ["/", "/grounds/", "/emergency/", "/audit/sample/", "/records/violation/export/"],
        world.system: ["/", "/agencies/", "/people/", "/accounts/", f"/people/{world.collector.person}/"],
        world.security: [f"/people/{world.collector.person}/", "/accounts/", "/proposals/", "/undertaking/signed/"],
    }  # fmt: skip


@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_breaks_a_rule(width: int, visit: Visit, world: World) -> None:
    """One window a person; each fault is named with its page."""
    row = example("violation", notice_no=f"33010000{width:04}")
    sent = deliver(world.collector, "violation", row)
    faults = []
    for who, addresses in pages(world, sent.records[0], sent.batch).items():
        page = visit(width=width)
        if who:
            sign_in(page, who)
        for address in addresses:
            page.goto(address)
            faults += [f"{address} {one}" for one in look(page, width)]
    assert faults == []


def look(page: Page, width: int) -> list[str]:
    """What is wrong with the page that is open."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth")
    told = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
    return told + ([f"runs off the side: {wide}"] if wide > width else [])
