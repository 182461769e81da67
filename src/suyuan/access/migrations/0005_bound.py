"""Grants, grounds, limits and undertakings are bound to their ledger entries."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """One trigger a table."""

    dependencies = [("access", "0004_sign_in"), ("ledger", "0002_bound")]
    operations = [run("access", "bound")]
