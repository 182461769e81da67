"""No temporary table stands before a real one, and whoever did something is somebody on the staff."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Stands on every room that had functions without it."""

    dependencies = [
        ("audit", "0004_bound"),
        ("access", "0008_bound_tokens"),
        ("ledger", "0003_pruning"),
        ("records", "0005_disposal"),
        ("review", "0001_initial"),
        ("collection", "0002_deliveries"),
    ]
    operations = [run("audit", "search_paths"), run("audit", "people")]
