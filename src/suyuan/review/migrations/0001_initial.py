"""Tables and rules of review."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Stands on records, whose states it moves."""

    dependencies = [("records", "0001_initial"), ("access", "0001_initial")]
    operations = [run("review", "tables"), run("review", "rules")]
