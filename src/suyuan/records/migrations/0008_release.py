"""Releases of the catalog are kept."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Releases of the catalog are kept."""

    dependencies = [("records", "0007_live_keys"), ("ledger", "0002_bound")]
    operations = [run("records", "release")]
