"""The agency's identity provider (OpenID Connect Core 1.0), from the file that `SUYUAN_OIDC` names.

    {"name": "省厅统一认证", "issuer": "https://id.example.gov/realms/police", "client_id": "suyuan",
     "client_secret": "...", "claim": "preferred_username"}

`claim` is what the provider calls the account name; an account of that name must exist here. The file is read at start;
only its owner may read it.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from suyuan.access.errors import ProviderOpen
from suyuan.installation.private import is_open

ID = "agency"
REQUIRED = ("name", "issuer", "client_id", "client_secret")


@cache
def configured() -> dict[str, Any]:
    """What the file says; empty without one.

    Raises `ProviderOpen` where others may read its secret, and `ValueError`, naming file and key, where it is not complete.
    """
    path = os.environ.get("SUYUAN_OIDC", "")
    if not path:
        return {}
    if is_open(Path(path)):
        raise ProviderOpen(path)
    found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    if missing := [key for key in REQUIRED if not found.get(key)]:
        raise ValueError(f"{path}: {', '.join(missing)}")
    return found


def claim() -> str:
    """The claim that names the account."""
    return str(configured().get("claim", "preferred_username"))


def origin() -> str:
    """Scheme and host of the provider, for the content security policy; empty without one."""
    parts = urlsplit(configured().get("issuer", ""))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def settings() -> dict[str, Any]:
    """The provider as django-allauth wants it."""
    found = configured()
    if not found:
        return {}
    app = {
        "provider_id": ID, "name": found["name"], "client_id": found["client_id"], "secret": found["client_secret"],
        "settings": {"server_url": found["issuer"], "oauth_pkce_enabled": True},
    }  # fmt: skip
    return {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}}
