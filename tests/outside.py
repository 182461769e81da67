"""The doors at which an outsider could tell what is hidden from what was never there: each asked for a record and a number."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from suyuan.records import export, listing
from suyuan.records.listing import Wanted
from world import World, signed_in


def outsiders(world: World) -> dict[str, Callable[[UUID, str], object]]:
    """By name: pages of one record, lists, searches, counts, and the page of an export."""
    from suyuan import catalog

    rtype = catalog.current().types["violation"]
    client = signed_in(world.outsider.username, SERVER_NAME="localhost")
    client.post("/ground/", {"ground": world.outsider.ground})

    def found(wanted: Callable[[str], Wanted]) -> Callable[[UUID, str], object]:
        def ask(_record: UUID, number: str) -> object:
            with world.outsider.acting() as who:
                return listing.find(who, [rtype], wanted(number), type="violation")

        return ask

    def matching(_record: UUID, number: str) -> object:
        with world.outsider.acting() as who:
            return listing.in_force(who, rtype, Wanted(f"欧阳{number}"), export.most())

    return {
        "record": lambda record, _: client.get(f"/record/{record}/"),
        "compare": lambda record, _: client.get(f"/record/{record}/compare/?a=1&b=1"),
        "reveal": lambda record, _: client.post(f"/record/{record}/1/reveal/driver_name/"),
        "proof": lambda record, _: client.post(f"/audit/prove/{record}/"),
        "number": found(lambda number: Wanted(f"浙B{number}")),
        "words": found(lambda number: Wanted(f"欧阳{number}")),
        "state": found(lambda number: Wanted(state="in_force" if number.startswith("X") else "first_review")),
        "export": matching,
    }
