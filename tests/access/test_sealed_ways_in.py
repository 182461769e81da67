"""What the vault seals for signing in opens at its own place, for its own use, and nowhere else."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, NamedTuple

import psycopg
import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client
from psycopg.types.json import Jsonb

import tickets
from suyuan.access import proof
from suyuan.access.models import Account
from suyuan.access.sign_in import sealed_factors, vaulted
from suyuan.access.sign_in.store import SessionStore
from suyuan.access.sign_in.vaulted import Use
from suyuan.errors import SuyuanError
from suyuan.installation import current
from suyuan.vault import actions as vault
from world import World, signed_in

pytestmark = [pytest.mark.clause("5.1.1"), pytest.mark.control("C4", "C26")]
Superuser = Callable[[], psycopg.Connection[Any]]
PAGE = "/sign-in/factor/recovery-codes/"
SECRET, SEED = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0f" * 40


@pytest.fixture
def world(fresh_world: World) -> World:
    """A province where nobody has a second factor."""
    return fresh_world


class Kind(NamedTuple):
    """Something sealed for signing in, and how what lies at its place is opened: text where it opens, else nothing."""

    sealed: bytes
    open: Callable[[bytes], str]


def account(name: str) -> int:
    """The number of somebody's account."""
    return Account.objects.get(username=name).pk


def of_session(name: str) -> Kind:
    """The contents of a session."""
    store = signed_in(name).session
    assert isinstance(store, SessionStore)
    data = store.encode(dict(store.items()))
    return Kind(base64.b64decode(data), lambda b: str(store.decode(base64.b64encode(b).decode()) or ""))


def of_job(world: World, job: str, person: int) -> Kind:
    """The ticket of a job."""
    with world.collector.acting():
        made = proof.task_ticket(job, person)

    def opened(sealed: bytes) -> str:
        with proof.by_task(job, person, base64.b64encode(sealed).decode()):
            return proof.held(person).hex()

    return Kind(base64.b64decode(made), opened)


def of_factor(name: str, kind: str, plain: str) -> Kind:
    """The secret of a second factor, as it comes out of the row and is opened by the library's adapter."""
    key = sealed_factors._SECRETS[kind][0]

    def held(value: str) -> Authenticator:
        return Authenticator(user_id=account(name), type=kind, data={key: value})

    made = held(get_adapter().encrypt(plain)).data[key]
    return Kind(base64.b64decode(made), lambda b: get_adapter().decrypt(held(base64.b64encode(b).decode()).data[key]))


def kinds(world: World) -> dict[str, Kind]:
    """One of every use, and two of those that have more places than one."""
    key = bytes(stored("SELECT sealed FROM access_voucher"))
    return {
        "session": of_session("collector"),
        "session of another": of_session("security"),
        "ticket": of_job(world, "import 1", world.collector.person),
        "ticket of another job": of_job(world, "import 2", world.collector.person),
        "ticket of another person": of_job(world, "import 1", world.security.person),
        "voucher": Kind(key, lambda b: proof._voucher_key.__wrapped__(b)),
        "factor": of_factor("collector", "totp", SECRET),
        "factor of another": of_factor("security", "totp", SECRET),
        "factor as spare codes": of_factor("collector", "recovery_codes", SEED),
        "factor as spare codes of another": of_factor("security", "recovery_codes", SEED),
    }


def stored(statement: str) -> Any:
    """The one value that the application role reads."""
    with psycopg.connect(current().database("app")) as raw:
        row = raw.execute(statement).fetchone()
    assert row is not None
    return row[0]


def opens(kind: Kind, sealed: bytes) -> bool:
    """Whether something opens at the place of a kind."""
    try:
        return bool(kind.open(sealed))
    except (SuyuanError, ValueError):
        return False


def moved(found: dict[str, Kind]) -> set[tuple[str, str]]:
    """What opens at the place of something else."""
    return {(one, other) for one in found for other in found if one != other and opens(found[other], found[one].sealed)}


def test_nothing_sealed_opens_at_the_place_of_anything_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every use is walked over; where all share one purpose, or one place, the walk finds it."""
    found = kinds(world)
    assert {name.split()[0] for name in found} == {use.name for use in Use}
    assert all(opens(kind, kind.sealed) for kind in found.values())
    assert moved(found) == set()
    seal, open_ = vault.seal, vault.open_sealed
    without_places = {"seal": lambda u, _, t: seal(u, b"", t), "open": lambda u, _, s: open_(u, b"", s)}
    without_uses = {"seal": lambda *a: seal("x", b"", a[2]), "open": lambda *a: open_("x", b"", a[2])}
    for calls, hole in (
        (without_places, ("factor of another", "factor")),
        (without_uses, ("voucher", "factor")),
    ):
        with monkeypatch.context() as broken:
            broken.setattr(vaulted, "_calls", calls)
            proof.settle()
            assert hole in moved(kinds(world))
    proof.settle()


def planted(name: str, kind: str, data: dict[str, Any]) -> None:
    """Write a factor of one's own by SQL, as the application role does for its proven person in a process."""
    with psycopg.connect(current().database("app")) as raw:
        tickets.be_process(raw)
        raw.execute("SELECT access_be(%s)", [tickets.session(name)])
        raw.execute("DELETE FROM mfa_authenticator WHERE user_id = %s AND type = %s", [account(name), kind])
        raw.execute(
            "INSERT INTO mfa_authenticator (user_id, type, data, created_at) VALUES (%s, %s, %s, now())",
            [account(name), kind, Jsonb(data)],
        )


def shown(client: Client) -> str:
    """What the page of one's spare codes says."""
    client.raise_request_exception = False
    return client.get(PAGE).content.decode()


def test_the_page_of_spare_codes_opens_nothing_of_others(world: World) -> None:
    """Neither as codes taken over from elsewhere nor as a seed: the key of vouchers, a session, another's codes."""
    mine = signed_in("collector")
    planted("collector", "totp", {"secret": base64.b64encode(of_factor("collector", "totp", SECRET).sealed).decode()})
    theirs = of_factor("security", "recovery_codes", SEED).sealed
    key = bytes(stored("SELECT sealed FROM access_voucher"))
    sealed = [base64.b64encode(b).decode() for b in (key, of_session("security").sealed, theirs)]
    planted("collector", "recovery_codes", {"migrated_codes": sealed, "used_mask": 0})
    assert proof._voucher_key(key) not in shown(mine) and "<pre" not in shown(mine)
    for one in sealed:
        planted("collector", "recovery_codes", {"seed": one, "used_mask": 0})
        assert "<pre" not in shown(mine)
    own = of_factor("collector", "recovery_codes", SEED).sealed
    planted(
        "collector",
        "recovery_codes",
        {"seed": base64.b64encode(own).decode(), "migrated_codes": sealed, "used_mask": 0},
    )
    page = shown(mine)
    assert "<pre" in page and "_auth_user_id" not in page and proof._voucher_key(key) not in page


def test_a_secret_without_a_row_is_not_stored_and_opens_nothing() -> None:
    """The library's text is empty until it has its row; a text of no row is nobody's."""
    assert get_adapter().encrypt(SECRET) == ""
    sealed = base64.b64encode(vaulted.seal(Use.factor, "1 totp", SECRET)).decode()
    with pytest.raises(SuyuanError):
        get_adapter().decrypt(sealed)


def old(plain: str) -> str:
    """As everything was sealed before each use had a purpose of its own."""
    return base64.b64encode(vault.seal("factor", b"", plain.encode())).decode()


def test_an_older_folder_keeps_its_factors_and_nothing_else(world: World, superuser: Superuser) -> None:
    """At the first start they are sealed for their rows; what is no factor's, and what comes later in that form, is shut."""
    planted("collector", "totp", {"secret": old(SECRET)})
    planted("collector", "recovery_codes", {"seed": old(SEED), "used_mask": 1})
    planted("security", "recovery_codes", {"seed": old("session words"), "used_mask": 0})
    before = bytes(stored("SELECT sealed FROM access_voucher"))
    superuser().execute("UPDATE access_voucher SET sealed = %s", [base64.b64decode(old("ab" * 128))])
    proof.settle()
    assert before != bytes(stored("SELECT sealed FROM access_voucher"))
    assert proof.open_by_voucher(account("collector"))
    totp, codes = (Authenticator.objects.get(user_id=account("collector"), type=t) for t in ("totp", "recovery_codes"))
    assert get_adapter().decrypt(totp.data["secret"]) == SECRET
    assert len(RecoveryCodes(codes).get_unused_codes()) == 9
    planted("collector", "recovery_codes", {"seed": old(SEED), "used_mask": 0})
    proof.settle()
    for name in ("collector", "security"):
        with pytest.raises(SuyuanError):
            RecoveryCodes(Authenticator.objects.get(user_id=account(name), type="recovery_codes")).generate_codes()
