"""What people do with the custodians' shares: every presentation, opening, sealing and appointing enters the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from suyuan.access import decide, queries
from suyuan.access.acting import Acting
from suyuan.errors import SuyuanError
from suyuan.formats import fingerprint
from suyuan.installation import current
from suyuan.ledger import actions as ledger
from suyuan.ledger import sequencer
from suyuan.ledger.acts import Act
from suyuan.vault import actions, custodians, generations, hosts, ring
from suyuan.vault.agent import Client
from suyuan.vault.custodians import Custody, Share, Status
from suyuan.vault.errors import AlreadyAppointed, NoAgent, NotCustodian, ShareMistyped
from suyuan.vault.signing import SigningKey

DUTY = "storage_custodian"


class Presented(NamedTuple):
    """What came of a share: how things stand, and why it was not taken. A refusal is no exception, so that it is entered."""

    status: Status
    refused: SuyuanError | None


def status() -> Status:
    """How level 2 stands. Needs no acting context: it says nothing but who holds shares."""
    return Client(current().data).status()


def present(who: Acting, text: str) -> Presented:
    """Take one share, of whichever holder is there. Raises `NotAllowed`, `NoAgent`, `NoCustodians`."""
    decide.require(who, "open_level")
    agent, refused = Client(current().data), None
    try:
        agent.present(text)
    except NoAgent:
        raise
    except SuyuanError as error:
        refused = error
    found = agent.status()
    detail = {"did": "present", **_which(text), "presented": found.presented, "open": found.open}
    _enter(who, agent, detail | ({"why": refused.code} if refused else {}))
    return Presented(found, refused)


def seal(who: Acting) -> None:
    """Forget level 2's keys in every process at once. Raises `NotAllowed`, `NoAgent`."""
    decide.require(who, "open_level")
    agent = Client(current().data)
    agent.seal()
    _enter(who, agent, {"did": "seal"})


def appoint(who: Acting, threshold: int, usernames: Sequence[str]) -> list[tuple[str, str]]:
    """The first custodians, and each one's share, which nobody sees again. Level 2 stays closed.

    Raises `NotAllowed`, `NotCustodian`, `BadThreshold`, `AlreadyAppointed`.
    """
    decide.require(who, "keys")
    people, agent = _holders(usernames), Client(current().data)
    if ring.current(actions.provider().ring(), custodians.LEVEL):
        raise AlreadyAppointed
    suite = actions.provider().suite(actions.provider().current_key(1))
    try:
        shares = agent.appoint(threshold, people, suite)
    except NoAgent:
        shares = Custody(agent.path).appoint(threshold, people, suite)
    [first] = custodians.generations(custodians.read(agent.path))
    generations.custodians_changed(first)
    _enter(who, agent, {"did": "appoint", "threshold": threshold, "holders": people, "set": agent.status().set_id})
    return list(zip(usernames, shares, strict=True))


def replace(who: Acting, shares: Sequence[str], threshold: int, usernames: Sequence[str]) -> list[tuple[str, str]]:
    """Other custodians under a new secret, which takes enough shares of the current set; those are void then.

    Raises as `appoint` and `present` do, and `SharesMissing`.
    """
    decide.require(who, "keys")
    people, agent = _holders(usernames), Client(current().data)
    before = agent.status().set_id
    try:
        made = agent.replace(shares, threshold, people)
    except NoAgent:
        made = Custody(agent.path).replace(shares, threshold, people)
    generations.custodians_changed()
    detail = {"did": "replace", "threshold": threshold, "holders": people, "before": before}
    _enter(who, agent, detail | {"set": agent.status().set_id})
    return list(zip(usernames, made, strict=True))


def renew_signing(who: Acting, place: str | None = None) -> SigningKey:
    """A new key for checkpoints, signed by the one before it, so that whoever holds that one can go on checking.

    `place` is "file" or the name of a holder, by default where the old one lies. Raises `NotAllowed`,
    `KeyHolderUnreachable`, `KeySettingsWrong`.
    """
    decide.require(who, "keys")
    with sequencer.between_checkpoints() as size:
        made = generations.next_signing(size, place)
    detail = {
        "did": "renew_signing",
        "number": made.number,
        "since": size,
        "in": made.holder,
        "key": fingerprint(made.public).hex(),
    }
    ledger.append(who, Act.custody, detail=detail)
    return made


def hand_over(who: Acting) -> dict[str, str]:
    """What another host needs to have the keys that this one has, sealed. Raises `NotAllowed`."""
    decide.require(who, "keys")
    parts = hosts.carried(current())
    digest = fingerprint("".join(parts.values()).encode()).hex()
    ledger.append(who, Act.custody, detail={"did": "hand_over", "digest": digest})
    return parts


def strike(who: Acting, host: str) -> None:
    """Wait no longer for a host that is gone. Raises `NotAllowed`, `HostLive`."""
    decide.require(who, "keys")
    hosts.strike(host)
    ledger.append(who, Act.custody, detail={"did": "strike_host", "host": host})


def _holders(usernames: Sequence[str]) -> list[int]:
    """Persons behind accounts, each of whom has the duty of a custodian now. Raises `NotCustodian`."""
    people = [queries.person_of(username) for username in usernames]
    for username, person in zip(usernames, people, strict=True):
        if all(one.duty != DUTY for one in queries.grounds(person)):
            raise NotCustodian(username)
    return people


def _which(text: str) -> dict[str, object]:
    """Which share it says it is: the numbers of its set and of itself."""
    try:
        share = Share.read(text)
    except ShareMistyped:
        return {}
    return {"set": share.set_id, "share": share.number}


def _enter(who: Acting, agent: Client, detail: dict[str, object]) -> None:
    """No entry, no act: what cannot be entered leaves level 2 closed."""
    try:
        ledger.append(who, Act.custody, detail=detail)
    except BaseException:
        if agent.status().open:
            agent.seal()
        raise
