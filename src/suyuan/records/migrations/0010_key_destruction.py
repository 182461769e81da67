"""A retired key is destroyed by two persons."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """One table."""

    dependencies = [("records", "0009_sealed"), ("access", "0010_ranges"), ("ledger", "0002_bound")]
    operations = [run("records", "key_destruction")]
