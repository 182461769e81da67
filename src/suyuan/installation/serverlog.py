"""What the database server writes into its own log: never the values of rows.

The embedded server is started that way. A server of one's own is asked by each role, is told by `ALTER ROLE … SET` where
its administrator may, and what remains is a finding with the statement that mends it.
"""

from __future__ import annotations

import psycopg

from suyuan.installation.model import ROLES, Installation
from suyuan.installation.sql import statements

Connection = psycopg.Connection[tuple[object, ...]]

# Each setting that can bring row values into the log, and the value under which it does not.
QUIET = {
    "auto_explain.log_min_duration": "-1",
    "debug_print_parse": "off",
    "debug_print_plan": "off",
    "debug_print_rewritten": "off",
    "log_error_verbosity": "terse",
    "log_min_duration_sample": "-1",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_min_messages": "warning",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_transaction_sample_rate": "0",
    "pgaudit.log": "none",
}


def told(connection: Connection) -> list[str]:
    """Returns the settings under which this connection's statements would leave row values in the server's log."""
    asked = statements("installation", "serverlog")["told"].encode()
    return [str(name) for (name,) in connection.execute(asked)]


def of_roles(installation: Installation) -> dict[str, list[str]]:
    """Returns each such setting with the names of the roles that have it."""
    found: dict[str, list[str]] = {}
    for role in ROLES:
        with psycopg.connect(installation.database(role)) as connection:
            for name in told(connection):
                found.setdefault(name, []).append(installation.place.role(role))
    return found


def silence(installation: Installation, admin: Connection) -> None:
    """Set for the three roles what is wrong with them, as far as the administrator may; `doctor` tells the rest."""
    asked = statements("installation", "serverlog")["settable"].encode()
    settable = {str(name) for (name,) in admin.execute(asked, [[*QUIET]])}
    for name, roles in of_roles(installation).items():
        for role in roles if name in settable else ():
            admin.execute(mend(name, role).encode())


def mend(name: str, role: str) -> str:
    """Returns the statement by which one setting of one role is mended."""
    return f"ALTER ROLE {role} SET {name} = '{QUIET[name]}'"
