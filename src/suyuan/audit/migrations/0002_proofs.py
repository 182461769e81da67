"""What a proof of one record reads."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Stands on records, reviews and the ledger."""

    dependencies = [("audit", "0001_desk")]
    operations = [run("audit", "proofs")]
