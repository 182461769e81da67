"""Review tasks as grounds."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """Review tasks as grounds."""

    dependencies = [("review", "0001_initial"), ("records", "0002_purpose")]
    operations: ClassVar[list[Any]] = []
