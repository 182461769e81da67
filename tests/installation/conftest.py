"""Installations of their own, because these tests kill servers and spoil data folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from suyuan.installation import Installation
from suyuan.installation.postgres import Server
from suyuan.installation.roles import prepare_embedded

SETTINGS = {"fsync": "off", "shared_buffers": "16MB"}


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with its roles, apart from the one that the other tests share."""
    server = Server(Installation.open(tmp_path_factory.mktemp("own")), extra=SETTINGS)
    server.make()
    server.start()
    prepare_embedded(server.installation)
    yield server
    server.stop()


@pytest.fixture
def empty(tmp_path: Path) -> Installation:
    """A data folder that nobody has used."""
    return Installation.open(tmp_path / "data")
