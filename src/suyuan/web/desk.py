"""The desk: what waits for the person who looks at it, and what they can do next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from suyuan.access import grounds, proposals, undertaking, ways_in
from suyuan.access import queries as access
from suyuan.access.acting import Acting
from suyuan.access.proposal_views import headline
from suyuan.access.web import ActingRequest, before_signing, person_of, with_acting
from suyuan.audit import actions as audit_actions
from suyuan.audit import queries as audit
from suyuan.collection import queries as collection
from suyuan.records import batches
from suyuan.review import queries as review
from suyuan.web import navigation
from suyuan.web.navigation import ADMINISTRATION, ADMINISTRATORS, REVIEWERS, WORK

RUNNING = ("queued", "running")
LATE = timedelta(days=3)  # a batch that waits longer is said to be late
SHOWN = 10


class Tile(NamedTuple):
    """A number that leads to the work behind it. `urgent` ones are red while they are not zero."""

    number: int
    label: str
    url: str
    urgent: bool = False


@require_GET
def desk(request: HttpRequest) -> HttpResponseBase:
    """The first page after signing in; to whoever has no duty yet it says so, and who grants one."""
    person = person_of(request)
    if person is not None and not access.duties(person):
        return render(request, "web/no_duty.html", {"today": timezone.now()})
    return _desk(request)


@with_acting
@before_signing
def _desk(request: ActingRequest) -> HttpResponse:
    who = request.acting
    places = ADMINISTRATION if who.duty in ADMINISTRATORS else WORK
    steps = list(navigation.items(places, who.duty, ""))
    context: dict[str, Any] = {"today": timezone.now(), "steps": steps, "collects": who.duty == "collector"}
    if who.duty == "collector":
        context |= _collecting(who)
    if who.duty in REVIEWERS:
        context |= _reviewing(who)
    if who.duty in ADMINISTRATORS:
        context |= _administering(who)
    context["tiles"] = [*context.get("tiles", []), *_signing(who), *_answering(who)]
    context["idle"] = not any(tile.number for tile in context["tiles"] if tile.urgent)
    if who.duty == "security_administrator":
        context["proposals"] = [(one, headline(one)) for one in proposals.waiting_for(who)[:SHOWN]]
    return render(request, "web/desk.html", context)


def _reviewing(who: Acting) -> dict[str, Any]:
    waiting = review.waiting(who)
    late = sum(timezone.now() - one.closed_at > LATE for one in waiting)
    url = reverse("review:desk")
    tiles = [
        Tile(len(waiting), _("待我审核的批次"), url, urgent=True),
        Tile(sum(one.rows for one in waiting), _("其中记录"), url),
        Tile(late, _("待审超过 3 天"), url, urgent=True),
    ]
    return {"tiles": tiles, "waiting": waiting[:SHOWN], "reviews": True}


def _signing(who: Acting) -> list[Tile]:
    """Nobody works on records before signing the secrecy undertaking in force."""
    if undertaking.signed(who.person):
        return []
    return [Tile(1, _("待我签署的保密承诺书"), reverse("access:undertaking"), urgent=True)]


def _answering(who: Acting) -> list[Tile]:
    """What a head of department answers, a head or the auditor reviews, and a security administrator approves."""
    tiles = []
    if who.duty == "security_auditor":
        audit_actions.open_weeks(who)
        weeks = audit.weeks(who)
        tiles.append(
            Tile(
                sum(one.over and not one.concluded_at for one in weeks),
                _("待办的每周审计"),
                reverse("audit:weeks"),
                urgent=True,
            )
        )
        findings = audit.open_findings(who)
        tiles.append(Tile(findings, _("未办结的问题"), reverse("audit:findings"), urgent=True))
        tiles.append(Tile(len(ways_in.recent(who)), _("近 30 天的账号事项"), reverse("access:ways_in")))
    if who.duty in ("system_administrator", "security_administrator"):
        asked = ways_in.waiting_for(who)
        tiles.append(Tile(len(asked), _("等我确认的账号事项"), reverse("access:ways_in"), urgent=True))
    if who.duty == "department_head":
        tiles.append(Tile(audit.to_confirm(who), _("待核查的抽查"), reverse("audit:sample"), urgent=True))
        tiles.append(Tile(len(grounds.asked(who)), _("待我答复的事由申请"), reverse("access:grounds"), urgent=True))
    if who.duty in ("department_head", "security_auditor"):
        uses = grounds.emergencies_to_review(who)
        tiles.append(Tile(uses, _("待复核的紧急查阅"), reverse("access:emergency"), urgent=True))
    if who.duty == "security_administrator":
        waiting = len(proposals.waiting_for(who))
        tiles.append(Tile(waiting, _("待我批准的提请"), reverse("access:proposals"), urgent=True))
    return tiles


def _administering(who: Acting) -> dict[str, Any]:
    staff, people = access.staff(who), reverse("access:people")
    tiles = [
        Tile(len(access.agencies()), _("机构"), reverse("access:agencies")),
        Tile(sum(one.active for one in staff), _("在岗人员"), people),
        Tile(sum(not one.active for one in staff), _("已停用人员"), people),
    ]
    return {"tiles": tiles}


def _collecting(who: Acting) -> dict[str, Any]:
    jobs = collection.jobs(who)
    entry, wizard = reverse("collection:new"), reverse("collection:wizard")
    tiles = [
        Tile(len(batches.returned(who)), _("退回待更正"), entry, urgent=True),
        Tile(len(collection.drafts(who)), _("草稿"), entry),
        Tile(sum(job.state in RUNNING for job in jobs), _("正在导入"), wizard),
        Tile(sum(job.state == "prepared" for job in jobs), _("待确认的导入"), wizard),
    ]
    return {"tiles": tiles, "mine": batches.mine(who)}
