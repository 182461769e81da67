"""Every variable that the program reads stands on the page of settings, and nothing else does."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "suyuan", *sorted((ROOT / "src").rglob("*.py")), *sorted((ROOT / "src").rglob("*.js"))]
# Set by the program itself for the processes that it starts.
INTERNAL = {
    "SUYUAN_LIFELINE": "the pipe by which children see that their supervisor is gone",
    "SUYUAN_SUPERVISED": "that a supervisor started the process",
}
NAME = re.compile(r"\b(?:SUYUAN_[A-Z_]*[A-Z]|DATABASE_URL)\b")


def read_by(text: str) -> set[str]:
    """The variables that a source names."""
    return set(NAME.findall(text))


def documented(page: str) -> set[str]:
    """The variables in the first column of the page's table."""
    return set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))


def test_every_variable_that_is_read_is_on_the_page() -> None:
    """From the source itself; the control is a variable that nobody has written about."""
    read = {name for path in SOURCES for name in read_by(path.read_text(encoding="utf-8"))}
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert read - {*INTERNAL} == documented(page)
    assert read_by('os.environ.get("SUYUAN_NEW")') - documented(page) == {"SUYUAN_NEW"}


def test_variables_of_the_tests_alone_are_read_by_tests_alone() -> None:
    """What begins with SUYUAN_TEST_ never reaches the program."""
    assert [path for path in SOURCES if "SUYUAN_TEST_" in path.read_text(encoding="utf-8")] == []
