"""Grounds that are assigned, limits and emergency access."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """Grounds that are assigned, limits and emergency access."""

    dependencies = [("access", "0001_initial")]
    operations: ClassVar[list[Any]] = []
