"""What a second factor shares with a telephone, or its spare codes are made of, is sealed for its account and its type.

The library encrypts and decrypts a text without saying whose it is. So a text that waits for its row is a `Fresh`, a row's is a
`Stored` that knows its place, and only these are sealed and opened.
"""

from __future__ import annotations

import base64
import re
from typing import Any

import psycopg
from django.db.models.signals import post_init
from psycopg.types.json import Jsonb

from suyuan.access.sign_in import vaulted
from suyuan.access.sign_in.vaulted import Use

# Of each type: where its secret lies, and what it looks like.
_SECRETS = {
    "totp": ("secret", re.compile("[A-Z2-7]{32}")),
    "recovery_codes": ("seed", re.compile("[0-9a-f]{80}")),
}


class Fresh(str):
    """A secret that is to be sealed as soon as its row is known. As a text it is empty: it is never stored plain."""

    plain: str

    @classmethod
    def of(cls, plain: str) -> Fresh:
        """A new secret."""
        made = cls()
        made.plain = plain
        return made


class Stored(str):
    """What a row holds, with the place it was read from or sealed for."""

    place: str

    @classmethod
    def at(cls, place: str, sealed: str) -> Stored:
        """A row's secret."""
        made = cls(sealed)
        made.place = place
        return made


def opened(text: str) -> str:
    """The secret of a row. Raises `ContentDamaged` for one of another row; a text of no row opens nothing."""
    place = text.place if isinstance(text, Stored) else ""
    return vaulted.open_sealed(Use.factor, place, base64.b64decode(text))


def connect() -> None:
    """Called once at start."""
    from allauth.mfa.models import Authenticator

    post_init.connect(_placed, sender=Authenticator, dispatch_uid="access.sealed_factors")


def _placed(instance: Any, **_: Any) -> None:
    """Bind a row's secret to its row. Codes that the library would take over from elsewhere are none here."""
    row = instance.__dict__
    if row.get("type") not in _SECRETS or not isinstance(row.get("data"), dict) or not row.get("user_id"):
        return
    name, _looks = _SECRETS[row["type"]]
    place, data = place_of(row["user_id"], row["type"]), row["data"]
    data.pop("migrated_codes", None)
    found = data.get(name, "")
    data[name] = Stored.at(place, _sealed(place, found.plain) if isinstance(found, Fresh) else str(found))


def place_of(account: int, kind: str) -> str:
    """What a factor's secret is bound to."""
    return f"{account} {kind}"


def _sealed(place: str, plain: str) -> str:
    return base64.b64encode(vaulted.seal(Use.factor, place, plain)).decode()


def seal_anew(owner: psycopg.Connection[Any]) -> None:
    """Seal the factors of an older folder for their rows, once; what is no factor's secret stays as it is, and shut."""
    rows = owner.execute(
        "SELECT id, user_id, type, data FROM mfa_authenticator WHERE type = ANY (%s) FOR UPDATE", [list(_SECRETS)]
    )
    for number, account, kind, data in rows.fetchall():
        name, looks = _SECRETS[kind]
        try:
            plain = vaulted.opened_of_old(base64.b64decode(str(data.get(name, ""))))
        except ValueError:
            continue
        if looks.fullmatch(plain):
            data[name] = _sealed(place_of(account, kind), plain)
            owner.execute("UPDATE mfa_authenticator SET data = %s WHERE id = %s", [Jsonb(data), number])
