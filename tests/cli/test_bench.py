"""`suyuan bench`: lists by what each script says of itself."""

from __future__ import annotations

from pathlib import Path

from suyuan.cli.bench import scripts


def test_a_bench_is_listed_by_the_first_line_of_its_docstring(tmp_path: Path) -> None:
    """Helpers that begin with an underscore, and scripts that say nothing, are not listed."""
    (tmp_path / "p1_import.py").write_text('"""P1: import.\n\nMore."""\n')
    (tmp_path / "_shared.py").write_text('"""Shared."""\n')
    (tmp_path / "silent.py").write_text("x = 1\n")
    assert scripts(tmp_path) == {"p1_import": "P1: import."}
