"""Rows that are bound to entries."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """The trigger that remembers what a transaction wrote."""

    dependencies = [("ledger", "0001_initial")]
    operations = [run("ledger", "bound")]
