"""Records of the demonstration, delivered and reviewed by its own staff, some left waiting at every stage."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from uuid import UUID

import pyarrow as pa

from suyuan import catalog
from suyuan.access import proof
from suyuan.access.command import for_person
from suyuan.catalog.check import check
from suyuan.collection import imports, mapping
from suyuan.collection.store import Store
from suyuan.demo.people import Member
from suyuan.demo.synthetic import Maker, Row
from suyuan.records import actions as records
from suyuan.review import actions as review
from suyuan.review import queries
from suyuan.review.actions import GivenBack

BASIS = "演示数据，无真实人员"
LABELS = {
    "resident": "入户走访登记（演示）",
    "vehicle": "车辆登记（演示）",
    "case": "受案登记（演示）",
    "violation": "路面执勤登记（演示）",
}
Tell = Callable[[str, str], None]


def deliver(staff: dict[str, Member], tell: Tell) -> None:
    """Deliver and review everything; what an earlier, interrupted load delivered counts as duplicate."""
    here, there = Maker("330106", "西湖区", 1), Maker("330203", "海曙区", 2)
    tell("演示：常住人口与车辆，已审核生效…", "Demonstration: residents and vehicles, reviewed and in force…")
    vehicles = list(here.vehicles(18))
    _through(staff, "resident", here.residents(60), 2)
    _through(staff, "vehicle", vehicles, 2)
    tell("演示：案件，停在各审核环节…", "Demonstration: cases, waiting at every stage of review…")
    cases = list(here.cases(16))
    _through(staff, "case", cases[:4], 3)
    _through(staff, "case", cases[4:8], 2)
    _through(staff, "case", cases[8:12], 1)
    _through(staff, "case", cases[12:], 0)
    _given_back(staff, list(here.violations(vehicles, 12)))
    tell("演示：另一城市的数据…", "Demonstration: the other city…")
    _through(staff, "resident", there.residents(15), 2, "2")
    tell("演示：导入一份真实的公开数据…", "Demonstration: importing a real open file…")
    _open_extract(staff)


def _through(staff: dict[str, Member], kind: str, rows: Iterable[Row], steps: int, city: str = "") -> None:
    """Deliver rows as one batch and take it through the first `steps` reviews."""
    batch = _send(staff[f"collector{city}"], kind, list(rows))
    for name in (f"first{city}", f"second{city}", f"final{city}")[:steps]:
        _approve(staff[name], batch)


def _send(who: Member, kind: str, rows: list[Row]) -> UUID:
    names = sorted({name for row in rows for name in row})
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    found = check(catalog.current().types[kind], pa.table({"_row": pa.array(range(1, len(rows) + 1)), **columns}))
    with for_person(who.person, who.ground) as acting_now:
        batch = records.open_batch(
            acting_now, found.type, found.release, "form", BASIS, label=LABELS.get(kind, "登记（演示）")
        )
        records.submit(acting_now, batch, found)
        records.close_batch(acting_now, batch)
    return batch


def _approve(who: Member, batch: UUID, returns: Iterable[GivenBack] = ()) -> None:
    with for_person(who.person, who.ground) as acting_now:
        task = queries.task(acting_now, batch)
        if not task.step:
            return
        if queries.remaining(batch) > 20:
            drawn = review.draw(acting_now, batch, task.step)
            review.look(acting_now, batch, task.step, drawn.seqs)
        review.decide(acting_now, batch, task.step, "approve", task.digest, returns=list(returns))


def _given_back(staff: dict[str, Member], rows: list[Row]) -> None:
    """One violation goes back to its collector with a reason, the others wait for the second review."""
    batch = _send(staff["collector"], "violation", rows)
    who = staff["first"]
    with for_person(who.person, who.ground) as acting_now:
        seen = review.look(acting_now, batch, 1, [0])
    back = [GivenBack(row.record_id, row.rev, "address", "unclear", "请写明路口或门牌") for row in seen]
    if back:
        _approve(who, batch, back)


def _open_extract(staff: dict[str, Member]) -> None:
    """A real file through the real import: its first review waits."""
    who = staff["collector"]
    path = Path(str(files("suyuan") / "demo" / "data" / "uk_west_yorkshire_street_2016-07.csv"))
    chosen = mapping.load("uk_street_crime")
    sink = Store(who.person, who.ground, path.name)
    with path.open("rb") as file, proof.by_command(who.person):
        imports.run(file, chosen, catalog.current(), sink)
        sink.finish()
