"""What a proof of one record reads."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """What a proof of one record reads."""

    dependencies = [("audit", "0001_desk")]
    operations: ClassVar[list[Any]] = []
