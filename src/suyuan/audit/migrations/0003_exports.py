"""What left as a file, for the auditor."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """What left as a file, for the auditor."""

    dependencies = [("audit", "0002_proofs"), ("records", "0003_export")]
    operations = [run("audit", "exports")]
