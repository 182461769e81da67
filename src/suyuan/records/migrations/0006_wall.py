"""The policies of the record tables, and the functions beside them, ask whether who acts was proven."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """The wall of the records."""

    dependencies = [("records", "0005_disposal"), ("access", "0014_wall"), ("ledger", "0003_pruning")]
    operations = [run("records", "wall")]
