"""Tables and functions of the ledger."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """The ledger stands under every other room."""

    dependencies = []
    operations = [run("ledger", "tables"), run("ledger", "functions")]
