"""What is good once and was used: one-time passwords. Of the framework's cache the libraries need no more.

Nothing is read back. The framework's own cache in the database keeps Python objects, which are run as they are read: whoever
could write a row there could run a program in this process.
"""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from suyuan.access import proof


class Used(BaseCache):
    """A cache that says of a key whether it is new, and nothing else."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Whether a key is new; it is remembered for `timeout` seconds, by a digest, and the value is not."""
        seconds: float = (self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout) or 0
        known_by = proof.digest(self.make_and_validate_key(key, version=version).encode())
        with proof.as_process():
            return bool(proof.ask("SELECT access_use_once(%s, %s)", [known_by, int(seconds)])[0])
