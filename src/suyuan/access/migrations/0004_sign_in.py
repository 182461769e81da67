"""Second factors, sessions, password policies."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """Second factors, sessions, password policies."""

    dependencies = [("access", "0003_two_persons")]
    operations: ClassVar[list[Any]] = []
