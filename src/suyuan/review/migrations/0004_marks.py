"""Rows marked to be given back, and what a row said before it was amended."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Stands on the batches that a reviewer takes up."""

    dependencies = [("review", "0003_nothing_left"), ("records", "0006_wall")]
    operations = [run("review", "marks")]
