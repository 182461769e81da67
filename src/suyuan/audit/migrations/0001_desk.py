"""The auditor's desk."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Stands on the ledger, grounds, records and reviews."""

    dependencies = [
        ("ledger", "0001_initial"),
        ("access", "0002_grounds"),
        ("review", "0001_initial"),
        ("records", "0002_purpose"),
    ]
    operations = [run("audit", "desk")]
