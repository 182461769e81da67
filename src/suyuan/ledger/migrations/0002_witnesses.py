"""Witnesses and alarms."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """Witnesses and alarms."""

    dependencies = [("ledger", "0001_initial")]
    operations: ClassVar[list[Any]] = []
