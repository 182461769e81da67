"""What somebody searches for, as it stands in an address: sealed, and readable to that person alone.

Addresses stay in histories, proxies and logs, and a search is often a name or a number. So a form of search is sent as
a body, and the address of its result holds what was typed as ciphertext: going back, reloading and paging work as ever.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

import orjson

from suyuan.vault import actions as vault
from suyuan.vault.errors import ContentDamaged

LONGEST = 200  # signs of one value; the rest of a longer one is not looked for
_PURPOSE = "search"


def sealed(person: int, said: Mapping[str, str]) -> str:
    """The filled-in fields of a form as one word for an address."""
    filled = {name: value.strip()[:LONGEST] for name, value in said.items() if value.strip()}
    return urlsafe_b64encode(vault.seal(_PURPOSE, _place(person), orjson.dumps(filled))).decode()


def opened(person: int, word: str) -> dict[str, str]:
    """Undo `sealed`. A word that was changed, cut or made for somebody else asks for nothing."""
    try:
        found: dict[str, str] = orjson.loads(vault.open_sealed(_PURPOSE, _place(person), urlsafe_b64decode(word)))
    except (ContentDamaged, ValueError):
        return {}
    return found


def _place(person: int) -> bytes:
    return person.to_bytes(8, "big")
