"""Old entries lose their row by a lawful pruning; the tree keeps their leaves."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Old entries lose their row by a lawful pruning; the tree keeps their leaves."""

    dependencies = [("ledger", "0002_bound")]
    operations = [run("ledger", "pruning")]
