"""Sessions lie sealed in the database: a form that waits for a fresh factor, and what a page has to say, are kept in them.

The database knows a session by the SHA-256 of what the browser's cookie holds, and each ciphertext says whose it is: whoever
reads the table, or moves its contents from row to row, has no session of anybody's.
"""

from __future__ import annotations

import base64
import secrets
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import db
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse

from suyuan.access import proof
from suyuan.access.sign_in import vaulted
from suyuan.access.sign_in.vaulted import Use
from suyuan.errors import SuyuanError

_LONG = 40  # characters of a key in Django's table


class _Key(str):
    """What the database knows a session by, and the cookie it was made of: libraries make a store anew from its key."""

    cookie: str

    @classmethod
    def of(cls, cookie: str) -> _Key:
        """The digest of a cookie's value."""
        made = cls(sha256(cookie.encode(errors="replace")).hexdigest()[:_LONG])
        made.cookie = cookie
        return made


class SessionStore(db.SessionStore):
    """Django's sessions in the database, as ciphertext. `session_key` is the digest; `cookie` what the browser holds."""

    _moving = False

    @classmethod
    def of_cookie(cls, value: str) -> SessionStore:
        """The session of a browser; a new one without a cookie."""
        return cls(_Key.of(value) if value else None)

    @property
    def cookie(self) -> str:
        """What the browser holds; empty for a session that was found in another way."""
        return getattr(self.session_key, "cookie", "")

    def _get_new_session_key(self) -> str:
        return _Key.of(secrets.token_urlsafe(32))

    def encode(self, session_dict: dict[str, Any]) -> str:
        """The session as it is stored."""
        said = super().encode(session_dict)
        return base64.b64encode(vaulted.seal(Use.session, str(self.session_key), said)).decode()

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """Undo `encode`; what was changed, or moved here, is an empty session, as with a wrong signature."""
        try:
            said = vaulted.open_sealed(Use.session, str(self.session_key), base64.b64decode(session_data))
        except (SuyuanError, ValueError):
            return {}
        found: dict[str, Any] = super().decode(said)
        return found

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


class Sessions(SessionMiddleware):
    """Django's middleware, which gives the browser what the database does not have."""

    def process_request(self, request: HttpRequest) -> None:
        """Find the browser's session."""
        request.session = SessionStore.of_cookie(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Save it, and send the cookie."""
        response = super().process_response(request, response)
        sent = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if sent is not None and sent.value and isinstance(request.session, SessionStore):
            sent.set(settings.SESSION_COOKIE_NAME, request.session.cookie, request.session.cookie)
        return response
