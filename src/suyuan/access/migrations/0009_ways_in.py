"""Ways in that are asked by one person and confirmed by another."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """The table of ways in, and what they close."""

    dependencies = [("access", "0008_bound_tokens"), ("ledger", "0002_bound")]
    operations = [run("access", "ways_in")]
