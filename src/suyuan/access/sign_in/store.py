"""Sessions lie sealed in the database: a form that waits for a fresh factor, and what a page has to say, are kept in them."""

from __future__ import annotations

import base64
from typing import Any

from django.contrib.sessions.backends import db

from suyuan.access import proof
from suyuan.access.sign_in import vaulted
from suyuan.errors import SuyuanError


class SessionStore(db.SessionStore):
    """Django's sessions in the database, as ciphertext."""

    _moving = False

    def encode(self, session_dict: dict[str, Any]) -> str:
        """The session as it is stored."""
        return base64.b64encode(vaulted.seal(super().encode(session_dict))).decode()

    def flush(self) -> None:
        """Forget everything, and end what proved the person to the database."""
        self._end(self.get("proof", ""))
        super().flush()

    def delete(self, session_key: str | None = None) -> None:
        """Forget a session; one that is ended from elsewhere proves nobody any more either."""
        if session_key is not None and session_key != self.session_key and not self._moving:
            self._end(type(self)(session_key).get("proof", ""))
        super().delete(session_key)

    def cycle_key(self) -> None:
        """The same session under another key."""
        self._moving = True
        super().cycle_key()
        self._moving = False

    @staticmethod
    def _end(secret: str) -> None:
        proof.end(bytes.fromhex(secret))

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """Undo `encode`; what was changed is an empty session, as with a wrong signature."""
        try:
            found: dict[str, Any] = super().decode(vaulted.open_sealed(base64.b64decode(session_data)))
        except (SuyuanError, ValueError):
            return {}
        return found
