"""A program that calls the API for somebody, with a token that was made for it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.test import Client

import tickets
from suyuan.access import tokens
from world import Somebody


class Program:
    """Calls `/api/…`; `get` and `post` give the response, whose `json()` is the answer."""

    def __init__(self, token: str, ground: int | None = None, language: str = "zh") -> None:
        self._client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
        if ground:
            self.headers["Suyuan-Ground"] = str(ground)

    @classmethod
    def of(cls, who: Somebody, *, ground: bool = True, language: str = "zh") -> Program:
        """With a fresh token of somebody's."""
        with tickets.in_session(who.username) as account:
            for one in tokens.of(account):
                if one.live:
                    tokens.revoke(account, one.token)
            _, secret = tokens.issue(account, "测试", 1)
        return cls(secret, who.ground if ground else None, language)

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> HttpResponse:
        """A reading call."""
        return self._client.get(f"/api/{path}", query, headers=self.headers | headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """A call that changes something; text is sent as it is, anything else as JSON."""
        return self._client.post(f"/api/{path}", body, content_type="application/json", headers=self.headers | headers)
