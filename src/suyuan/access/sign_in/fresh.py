"""A fresh factor: exports, keys, grants and signatures ask who is sitting there once more (ASVS 5.0, 7.5.3).

What was sent is kept meanwhile in the session and goes on by itself; a page that takes secrets asks before it opens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from allauth.account.decorators import reauthentication_required
from django.http.response import HttpResponseBase

View = Callable[..., HttpResponseBase]


def fresh_factor(view: View) -> View:
    """For views that only change something by POST: looking at the page asks nothing."""
    return cast(View, reauthentication_required(view, allow_get=True))


def fresh_factor_first(view: View) -> View:
    """For pages whose form takes secrets, which are not to lie in a session: the page itself asks."""
    return cast(View, reauthentication_required(view))
