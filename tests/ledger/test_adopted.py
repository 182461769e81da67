"""A data folder of an older release: what was bound by nothing is entered once, and never again (norm 5.3.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from delivered import deliver, rows_of
from suyuan import catalog
from suyuan.access import actions as access
from suyuan.ledger import actions as ledger
from suyuan.ledger import verify
from suyuan.ledger.acts import Act
from world import COUNTY, World, settle

Superuser = Callable[[], psycopg.Connection[Any]]


def older(world: World, superuser: Superuser) -> None:
    """Departments and links as an older release left them: rows without an entry."""
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    attacker.execute("INSERT INTO access_department (agency, name) VALUES (%s, '刑警大队')", [COUNTY])
    vin = catalog.current().types["vehicle"].fields["vin"].example or ""
    _, vehicle, _ = deliver(world.collector, "vehicle", [rows_of("vehicle", 1)[0] | {"vin": vin}])
    attacker.execute(
        """INSERT INTO records_link (record_id, rev, field, target_id, agency, level)
           SELECT record_id, rev, 'plate', record_id, agency, level FROM records_revision WHERE record_id = %s""",
        [vehicle.records[1]],
    )


def wrong() -> set[str]:
    """The tables in which `verify` finds something."""
    return {fault.where.partition(" ")[0] for fault in verify.verify()}


def test_what_an_older_release_left_is_entered_once(
    installation: Any, fresh_database: str, superuser: Superuser
) -> None:
    """After its first start under this release everything agrees; a row that is slipped in later is not taken over."""
    world = settle(installation, entered=False)
    ledger.append(ledger.SYSTEM, Act.administer, detail={"done": "install", **before_this_release()})
    older(world, superuser)
    assert wrong() == {"access_department", "records_link"}
    access.install()
    assert wrong() == set()
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    attacker.execute("INSERT INTO access_department (agency, name) VALUES (%s, '督察大队')", [COUNTY])
    access.install()
    assert wrong() == {"access_department"}


def before_this_release() -> dict[str, Any]:
    """The first entry as it was: digests of rows, and no word of which tables are bound."""
    from suyuan.ledger import bound

    return {"rows": bound.existing()["rows"]}
