"""The database backend: PostgreSQL's own, whose kept connections carry nothing from one request or job into the next.

A setting made for the session outlives the transaction, and so does a temporary table, which stands before the true one. Who
gets a statement of theirs into one request would reach the next person's. Django asks before the first statement of each
request and job whether a kept connection still works; that question takes both away, in the same round trip.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base
from psycopg import Error
from psycopg.pq import TransactionStatus

_CLEAN = "CLOSE ALL; RESET SESSION AUTHORIZATION; RESET ALL; UNLISTEN *; DISCARD TEMP"
"""Not DISCARD ALL: the session keeps the lock on its writer's counter. What was set at connecting comes back."""


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc, unused-ignore]
    """A connection that is cleaned when it is taken up again."""

    def is_usable(self) -> bool:
        """Returns whether the connection works, cleaned; one that is still in a transaction does not."""
        kept: Any = self.connection
        if kept is None or kept.info.transaction_status != TransactionStatus.IDLE:
            return False
        try:
            kept.execute(_CLEAN)
            self.ensure_timezone()
        except Error:
            return False
        return True

    def ensure_connection(self) -> None:
        """Clean a kept connection first, also for a statement that passes Django's cursors by."""
        self.close_if_health_check_failed()
        super().ensure_connection()
