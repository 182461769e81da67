"""Looking at what is on its way in counts as looking: previews, findings and drafts show values of persons."""

from __future__ import annotations

from uuid import UUID

from suyuan.access import grounds
from suyuan.access.acting import Acting
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act


def enter(who: Acting, what: str, about: UUID) -> None:
    """Enter that values of an import or a draft are shown, under the ground, within the limit of looks.

    Raises `LimitReached` where the person has looked at too much already.
    """
    grounds.spend(who, "look")
    ledger.append(who, Act.consult, detail={"done": what, "of": str(about)})
