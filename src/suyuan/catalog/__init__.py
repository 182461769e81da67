"""类型目录 Record types: one declaration each, from which everything else is derived.

`load` reads a catalog, `current` is the installation's own, `check.check` judges rows by it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from suyuan.catalog.model import Catalog

OVERLAY = "catalog"
"""Folder in the installation's data that holds its own types and fields."""


def load(overlays: Sequence[Path] = ()) -> Catalog:
    """The shipped catalog with overlays. Raises `CatalogFaulty` with every mistake."""
    from suyuan.catalog.loader import load as load_all

    return load_all(overlays)


_loading = threading.RLock()


def current() -> Catalog:
    """The catalog of this installation, read once by each process."""
    from suyuan.installation import current as installation

    with _loading:  # `cache` alone lets the first requests of a fresh process load it side by side
        return _current(installation().data / OVERLAY)


@cache
def _current(overlay: Path) -> Catalog:
    return load([overlay] if overlay.is_dir() else [])


__all__ = ["OVERLAY", "current", "load"]
