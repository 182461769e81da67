"""Counters of writers are lent to sessions and taken over."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Counters of writers are lent to sessions and taken over."""

    dependencies = [("ledger", "0003_pruning")]
    operations = [run("ledger", "writers")]
