"""Records about people open under a purpose only."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """Records about people open under a purpose only."""

    dependencies = [("records", "0001_initial"), ("access", "0002_grounds")]
    operations: ClassVar[list[Any]] = []
