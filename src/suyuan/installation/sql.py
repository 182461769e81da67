"""SQL lives in SQL files: run by migrations, or picked statement by statement.

The files call the three roles suyuan_owner, suyuan_app and suyuan_sequencer. Where the installation's roles begin with
another word, that word takes the place of `suyuan` as the file is read, and only there.
"""

from __future__ import annotations

import re
from importlib.resources import files

from django.db.migrations import RunSQL

from suyuan.installation.model import PREFIX, ROLES, current

_NAMED = re.compile(rf"\b{PREFIX}_({'|'.join(ROLES)})\b")


def named(text: str, prefix: str) -> str:
    """Returns `text` with the roles' names beginning with `prefix`."""
    return text if prefix == PREFIX else _NAMED.sub(rf"{prefix}_\1", text)


def text(room: str, name: str, prefix: str | None = None) -> str:
    """The text of `<room>/sql/<name>.sql`, for roles of that prefix or of this process's installation."""
    read = (files("suyuan") / room / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    return named(read, prefix or current().roles)


def run(room: str, name: str) -> RunSQL:
    """A migration step that runs `<room>/sql/<name>.sql` whole."""
    return RunSQL([text(room, name)], RunSQL.noop)


def statements(room: str, name: str, prefix: str | None = None) -> dict[str, str]:
    """The statements of a file by name; each begins with a line `-- name: NAME`."""
    found: dict[str, str] = {}
    current = ""
    for line in text(room, name, prefix).splitlines(keepends=True):
        if line.startswith("-- name: "):
            current = line.removeprefix("-- name: ").strip()
            found[current] = ""
        elif current:
            found[current] += line
    return {key: value.strip().rstrip(";") for key, value in found.items()}
