"""What the database knows of an installation's keys."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """What the database knows of an installation's keys."""

    dependencies = [("ledger", "0004_writers"), ("access", "0007_tokens")]
    operations = [run("vault", "tables")]
