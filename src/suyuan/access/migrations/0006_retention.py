"""How many years the ledger keeps looks and the like."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """How many years the ledger keeps looks and the like."""

    dependencies = [("access", "0005_bound"), ("ledger", "0003_pruning")]
    operations = [run("access", "retention")]
