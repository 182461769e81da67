"""Agencies and staff of the demonstration, made by its own administrators."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from django.utils import timezone

from suyuan.access import actions, grounds, proposals, queries, undertaking, ways_in
from suyuan.access.acting import Acting
from suyuan.access.command import for_person
from suyuan.installation import current
from suyuan.installation.model import write_private
from suyuan.vault import custody

# username: (duty, name, word); in the order of their activation codes
ADMINISTRATORS = {
    "admin": ("system_administrator", "卫系统（演示）", "系统管理员"),
    "security": ("security_administrator", "蒋安全（演示）", "安全管理员"),
    "security2": ("security_administrator", "韩安全（演示）", "安全管理员"),
    "auditor": ("security_auditor", "褚审计（演示）", "安全审计员"),
}
# City, its counties, and the first digits of their division codes: real divisions, made-up staff.
CITIES = {
    "杭州市": ("330100", {"西湖区": "330106", "余杭区": "330110"}),
    "宁波市": ("330200", {"海曙区": "330203", "鄞州区": "330212"}),
}
STATIONS = ("城关", "河口")
ENGLISH = {
    "杭州市": "Hangzhou", "宁波市": "Ningbo", "西湖区": "Xihu", "余杭区": "Yuhang", "海曙区": "Haishu", "鄞州区": "Yinzhou",
    "城关": "Chengguan", "河口": "Hekou",
}  # fmt: skip
ROOT = (-1,)  # above the province, where the keys are
# username: (name, duty, where in the tree below the province as city, county, station), station only as deep as given
STAFF = {
    "collector": ("王采集（演示）", "collector", (0, 0, 0)),
    "first": ("李初审（演示）", "first_reviewer", (0, 0, 0)),
    "second": ("赵复审（演示）", "second_reviewer", (0, 0)),
    "head": ("吴部长（演示）", "department_head", (0, 0)),
    "final": ("钱终审（演示）", "final_reviewer", (0,)),
    "custodian": ("冯存储（演示）", "storage_custodian", ROOT),
    "analyst": ("陈研判（演示）", "analyst", (0,)),
    "trainer": ("沈培训（演示）", "training_manager", ()),
    "collector2": ("孙采集（演示）", "collector", (1, 0, 0)),
    "first2": ("周初审（演示）", "first_reviewer", (1, 0, 0)),
    "second2": ("郑复审（演示）", "second_reviewer", (1, 0)),
    "final2": ("何终审（演示）", "final_reviewer", (1,)),
    "chief": ("许总队（演示）", "department_head", ()),
    "custodian2": ("吕存储（演示）", "storage_custodian", ROOT),
    "custodian3": ("施存储（演示）", "storage_custodian", (1,)),
}
CASE = ("A3301060000002026010001", "演示案件：核实涉案车辆与人员")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who can act: person, and the ground of their case where they have one, else of their duty."""

    person: int
    ground: int


def settle(tell: Callable[[str, str], None]) -> dict[str, Member]:
    """Make agencies, people, accounts and duties that are not there yet; give the staff by user name."""
    accounts: dict[str, tuple[str, str]] = {}
    admins = _administrators(accounts)
    if len(queries.agencies()) == 1:
        tell("演示：建立机构…", "Demonstration: agencies…")
        with _as(admins["admin"]) as who:
            _agencies(who)
    places = _places()
    known = {one.staff_no: one.person for one in queries.people()}
    tell("演示：登记人员、建立账号、授予岗位…", "Demonstration: people, accounts, duties…")
    for number, (username, (name, duty, where)) in enumerate(STAFF.items(), 1):
        staff_no = f"YS{number:04}"
        if staff_no not in known:
            _member(admins, staff_no, username, name, duty, places[where], accounts)
    _assign_case()
    _write_down(accounts)
    _custodians()
    return {name: _found(name) for name in STAFF}


def _administrators(accounts: dict[str, tuple[str, str]]) -> dict[str, int]:
    codes = [line.split(" ") for line in (actions.first_activation_code() or "").splitlines()]
    found = {}
    for number, (username, (_kind, name, word)) in enumerate(ADMINISTRATORS.items()):
        if codes:
            password = secrets.token_urlsafe(9)
            kind, code = codes[number]
            found[username] = actions.activate(kind, code, f"YSADM{number + 1}", name, username, password)
            _sign(found[username], name)
            accounts[username] = (password, f"{name} {word}")
        else:
            found[username] = queries.person_of(username)
    return found


def _sign(person: int, name: str) -> None:
    with _as(person) as who:
        text = undertaking.current()
        undertaking.sign(who, text.version, text.digest, name)


def _as(person: int) -> AbstractContextManager[Acting]:
    return for_person(person, queries.default_ground(person))


def _agencies(who: Acting) -> None:
    province = actions.add_agency(who, 0, "浙江省公安厅（演示）", "Zhejiang Province (demonstration)", "330000")
    for city, (code, counties) in CITIES.items():
        at_city = actions.add_agency(who, province, f"{city}公安局（演示）", _english(city), code)
        for county, county_code in counties.items():
            at_county = actions.add_agency(who, at_city, f"{county}公安分局（演示）", _english(county), county_code)
            for station in STATIONS:
                words = _english(county, station)
                made = actions.add_agency(who, at_county, f"{county}{station}派出所（演示）", words, county_code)
                actions.add_department(who, made, "综合室", "General office")


def _english(*names: str) -> str:
    return f"{' '.join(ENGLISH[one] for one in names)} (demonstration)"


def _places() -> dict[tuple[int, ...], int]:
    children: dict[int | None, list[int]] = {}
    for one in queries.agencies():
        children.setdefault(one.parent, []).append(one.agency)
    province = children[0][0]
    places: dict[tuple[int, ...], int] = {ROOT: 0, (): province}
    for c, city in enumerate(children[province]):
        places[(c,)] = city
        for d, county in enumerate(children[city]):
            places[c, d] = county
            places.update({(c, d, s): station for s, station in enumerate(children[county])})
    return places


def _member(
    admins: dict[str, int], staff_no: str, username: str, name: str, duty: str, agency: int,
    accounts: dict[str, tuple[str, str]],
) -> None:  # fmt: skip
    with _as(admins["admin"]) as who:
        person = actions.add_person(who, staff_no, name, agency)
    password = _come_in(admins, person, username)
    with _as(admins["security"]) as who:
        proposal = proposals.propose_duty(who, person, duty, agency, reason="演示任命")
    with _as(admins["security2"]) as who:
        proposals.approve(who, proposal)
    _sign(person, name)
    accounts[username] = (password, f"{name} {queries.agency_name(agency)}")


def _come_in(admins: dict[str, int], person: int, username: str) -> str:
    """An account as it comes about: asked, confirmed, opened with both halves; gives its password.

    Whoever tries the demonstration has not signed in yet: that they have is said by the owner of the database.
    """
    with _as(admins["admin"]) as who:
        asked = ways_in.ask(who, "account", person, username, "演示任命")
    with _as(admins["security"]) as who:
        half = ways_in.confirm(who, asked.way)
    password = secrets.token_urlsafe(9)
    ways_in.open_by_code(username, asked.half, half, password)
    with psycopg.connect(current().database("owner"), autocommit=True) as owner:
        owner.execute("UPDATE access_account SET last_login = clock_timestamp() WHERE username = %s", [username])
    ways_in.finish(person)
    return password


def _assign_case() -> None:
    """Everybody who reads records works on one case for the next year, as their chief assigned it."""
    until = timezone.localdate() + timedelta(days=365)
    with _as(queries.person_of("chief")) as who:
        for person, duty, _words in queries.holders(who):
            if all(one.kind == "duty" for one in queries.grounds(person)):
                grounds.assign(who, person, duty, "case", *CASE, until)


def _custodians() -> None:
    """Three custodians, two of whom open level 2; their shares lie beside the passwords, as they never should in earnest."""
    if custody.status().appointed:
        return
    with _as(queries.person_of("custodian")) as who:
        made = custody.appoint(who, 2, ["custodian", "custodian2", "custodian3"])
    lines = [f"{username}\t{share}\n" for username, share in made]
    write_private(current().secrets / "custodian-shares.txt", "".join(lines))


def _write_down(accounts: dict[str, tuple[str, str]]) -> None:
    path = current().secrets / "accounts.txt"
    held = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = [f"{username}\t{password}\t{words}" for username, (password, words) in accounts.items()]
    write_private(path, held + "".join(line + "\n" for line in lines))


def _found(username: str) -> Member:
    person = queries.person_of(username)
    return Member(person, queries.grounds(person)[-1].ground)
