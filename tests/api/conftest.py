"""Fixtures of the API's tests: programs that act for people of the world."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from program import Program
from world import Somebody


@pytest.fixture
def program() -> Callable[[Somebody], Program]:
    """A program with a token of somebody's, acting for their case where they have one."""
    return Program.of
