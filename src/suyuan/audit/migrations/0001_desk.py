"""The auditor's desk."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """The auditor's desk."""

    dependencies = [
        ("ledger", "0002_witnesses"),
        ("access", "0002_grounds"),
        ("review", "0001_initial"),
        ("records", "0002_purpose"),
    ]
    operations: ClassVar[list[Any]] = []
