"""SQL lives in SQL files: run by migrations, or picked statement by statement."""

from __future__ import annotations

from importlib.resources import files

from django.db.migrations import RunSQL


def text(room: str, name: str) -> str:
    """The text of `<room>/sql/<name>.sql`."""
    return (files("suyuan") / room / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def run(room: str, name: str) -> RunSQL:
    """A migration step that runs `<room>/sql/<name>.sql` whole."""
    return RunSQL([text(room, name)], RunSQL.noop)


def statements(room: str, name: str) -> dict[str, str]:
    """The statements of a file by name; each begins with a line `-- name: NAME`."""
    found: dict[str, str] = {}
    current = ""
    for line in text(room, name).splitlines(keepends=True):
        if line.startswith("-- name: "):
            current = line.removeprefix("-- name: ").strip()
            found[current] = ""
        elif current:
            found[current] += line
    return {key: value.strip().rstrip(";") for key, value in found.items()}
