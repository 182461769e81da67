"""Grants and changes of policy need a second person; undertakings."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """Grants and changes of policy need a second person; undertakings."""

    dependencies = [("access", "0002_grounds")]
    operations: ClassVar[list[Any]] = []
