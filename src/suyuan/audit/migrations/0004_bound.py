"""What auditors did is bound to its ledger entries."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """One trigger a table."""

    dependencies = [("audit", "0003_exports"), ("ledger", "0002_bound")]
    operations = [run("audit", "bound")]
