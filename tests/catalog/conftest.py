"""The shipped types go through the engine once in a run, not once for every overlay that is tried beside them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from suyuan.catalog import references
from suyuan.catalog.model import Catalog, RecordType
from suyuan.catalog.plan import plan_of
from suyuan.catalog.release import plain
from suyuan.catalog.yamlfile import Report


@pytest.fixture(autouse=True, scope="session")
def engine_once() -> Iterator[None]:
    """A type that the engine accepted, with tables of the same length, is not asked about again."""
    ask, sound = references._engine, set[tuple[str, tuple[int, ...]]]()

    def asked(one: RecordType, catalog: Catalog, report: Report) -> None:
        key = (repr(plain(one)), tuple(len(catalog.codes[name].codes) for name in plan_of(one).tables))
        if key in sound:
            return
        before = len(report.mistakes)
        ask(one, catalog, report)
        if len(report.mistakes) == before:
            sound.add(key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(references, "_engine", asked)
        yield
