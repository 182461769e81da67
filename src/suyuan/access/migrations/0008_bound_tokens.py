"""Tokens are bound to their ledger entries."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """One trigger."""

    dependencies = [("access", "0007_tokens"), ("ledger", "0002_bound")]
    operations = [run("access", "bound_tokens")]
