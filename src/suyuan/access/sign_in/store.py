"""Sessions lie sealed in the database: a form that waits for a fresh factor, and what a page has to say, are kept in them."""

from __future__ import annotations

import base64
from typing import Any

from django.contrib.sessions.backends import db

from suyuan.access.sign_in import vaulted
from suyuan.errors import SuyuanError


class SessionStore(db.SessionStore):
    """Django's sessions in the database, as ciphertext."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        """The session as it is stored."""
        return base64.b64encode(vaulted.seal(super().encode(session_dict))).decode()

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """Undo `encode`; what was changed is an empty session, as with a wrong signature."""
        try:
            found: dict[str, Any] = super().decode(vaulted.open_sealed(base64.b64decode(session_data)))
        except (SuyuanError, ValueError):
            return {}
        return found
