"""What was neither bound nor recomputed is bound."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Stands on every room whose tables it binds."""

    dependencies = [("audit", "0006_ranges"), ("access", "0014_wall"), ("ledger", "0004_writers")]
    operations = [run("audit", "evidence")]
