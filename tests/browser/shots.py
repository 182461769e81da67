"""Pictures of every page at two widths, for people to look at: `pytest tests/browser/shots.py`.

They are written to `build/screenshots`, named by page, language and width. Not part of the test command.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from playwright.sync_api import Page

from browser.delivery import deliver, example
from browser.people import sign_in
from suyuan import catalog
from suyuan.access import grounds, ways_in
from suyuan.records import export
from suyuan.records.asked import sealed
from suyuan.records.export import Wish
from suyuan.records.listing import Wanted
from suyuan.review import actions as review
from suyuan.review import marks
from suyuan.web import sheet
from world import Somebody, World

OUT = Path(__file__).parents[2] / "build" / "screenshots"
Visit = Callable[..., Page]


def test_take_pictures(visit: Visit, world: World) -> None:
    """One picture a page and width."""
    OUT.mkdir(parents=True, exist_ok=True)
    for one in catalog.current().types.values():
        if one.level == 1:
            deliver(world.collector, one.id, example(one.id))
    row = example("violation")
    found = deliver(world.collector, "violation", *(row | {"notice_no": f"3301{n:08}"} for n in range(60)))
    record = f"/record/{found.records[0]}/"
    done = deliver(world.collector, "violation", *(row | {"notice_no": f"3302{n:08}"} for n in range(12)))
    for reviewer, step in ((world.first, 1), (world.second, 2)):
        with reviewer.acting() as who:
            review.decide(who, done.batch, step, "approve", done.digest)
    for whole in (False, True):
        with world.head.acting() as who:
            wish = Wish("市人民检察院", "提请批准逮捕，核对违法事实", whole=whole)
            made = export.export(who, catalog.current().types["violation"], Wanted(), wish)
    OUT.joinpath("export.xlsx").write_bytes(sheet.write(who, made))
    on_duty, first_on_duty = (replace(one, ground=one.duty_ground) for one in (world.colleague, world.first))
    with world.outsider.on_duty() as who:
        grounds.break_glass(who, "人质事件，需立即核实车辆")
    monday = timezone.localdate() - timedelta(days=timezone.localdate().weekday() + 7)
    with world.collector.on_duty() as who:
        grounds.ask(who, "survey", "", "清明路口走访", timezone.localdate() + timedelta(days=30))
    with world.system.acting() as who:
        way = ways_in.ask(who, "password", world.collector.person, world.collector.username, "本人遗失密码").way
    amended = deliver(world.collector, "violation", row | {"notice_no": "330200000000", "fine_amount": "150"})
    with world.first.acting() as who:
        marks.mark(who, amended.batch, 1, amended.records[0], 2, [marks.Line("fine_amount", "wrong", "应为 200 元")])
    pages = {
        "sign-in": (None, "/sign-in/"),
        "desk-collector": (world.collector, "/"),
        "desk-first": (world.first, "/"),
        "desk-auditor": (world.auditor, "/"),
        "keys": (world.custodian, "/vault/keys/"),
        "disposals": (world.custodian, "/vault/keys/disposals/"),
        "types": (world.collector, "/records/"),
        "list": (world.collector, "/records/violation/"),
        "list-resident": (world.collector, "/records/resident/"),
        "search": (world.collector, f"/search/?s={sealed(world.collector.person, {'q': '330100000001'})}"),
        "search-nothing": (world.collector, f"/search/?s={sealed(world.collector.person, {'q': '没有这个'})}"),
        "record": (world.collector, record),
        "missing": (world.collector, "/record/00000000-0000-7000-8000-000000000000/"),
        "choose": (world.collector, "/collect/new/"),
        "entry": (world.collector, "/collect/new/violation/"),
        "entry-resident": (world.collector, "/collect/new/resident/"),
        "wizard": (world.collector, "/collect/import/"),
        "agencies": (world.system, "/agencies/"),
        "people": (world.system, "/people/"),
        "accounts": (world.system, "/accounts/"),
        "person": (world.security, f"/people/{world.collector.person}/"),
        "account": (world.collector, "/account/"),
        "grounds": (world.collector, "/grounds/"),
        "grounds-head": (world.head, "/grounds/"),
        "emergency": (world.collector, "/emergency/"),
        "emergency-auditor": (world.auditor, "/emergency/"),
        "no-purpose": (on_duty, record),
        "audit-search": (world.auditor, "/audit/?purpose=lawfulness&person=T00001"),
        "audit-record": (world.auditor, f"/audit{record}"),
        "audit-entry": (world.auditor, "/audit/entry/1/1/?purpose=lawfulness"),
        "audit-weeks": (world.auditor, "/audit/weeks/"),
        "audit-week": (world.auditor, f"/audit/weeks/{monday}/"),
        "audit-questions": (world.auditor, "/audit/questions/?purpose=lawfulness"),
        "list-head": (world.head, "/records/violation/"),
        "export": (world.head, "/records/violation/export/"),
        "audit-exports": (world.auditor, "/audit/exports/"),
        "audit-findings": (world.auditor, "/audit/findings/"),
        "audit-sample": (world.head, "/audit/sample/"),
        "batch-on-duty": (first_on_duty, f"/review/{found.batch}/"),
        "activate": (None, "/activate/"),
        "factors": (world.collector, "/sign-in/factor/"),
        "sessions": (world.collector, "/account/sessions/"),
        "confirm": (world.collector, "/sign-in/factor/totp/activate/"),
        "by-code": (None, "/sign-in/code/"),
        "pass-used": (None, "/sign-in/pass/"),
        "batch": (world.first, f"/review/{found.batch}/"),
        "batch-amended": (world.first, f"/review/{amended.batch}/"),
        "review-desk": (world.first, "/review/"),
        "ways-in": (world.security, "/accounts/asked/"),
        "way-in": (world.security, f"/accounts/asked/{way}/"),
        "clearings": (world.security, "/quarantine/"),
        "audit-purpose": (world.auditor, "/audit/"),
        "undertaking": (world.collector, "/undertaking/"),
        "undertaking-signed": (world.security, "/undertaking/signed/"),
        "proposals": (world.security, "/proposals/"),
        "vault": (world.custodian, "/vault/"),
    }
    for width in (1440, 390):
        signed: dict[Somebody | None, Page] = {}
        for name, (who, address) in pages.items():
            if who not in signed:
                signed[who] = visit(width=width)
                if who:
                    sign_in(signed[who], who)
            page = signed[who]
            page.goto(address)
            if name == "export":  # a fresh factor comes first
                page.fill("#id_password", who.password if who else "")
                page.press("#id_password", "Enter")
                page.wait_for_url(f"**{address}")
            page.screenshot(path=OUT / f"{name}-{width}.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth")
            print(f"{name} {width}{'' if wide <= width else f' RUNS OFF THE SIDE: {wide}'}")
