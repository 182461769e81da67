"""The first review is the entering side's own."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Replaces who may review."""

    dependencies = [("review", "0004_marks"), ("access", "0010_ranges")]
    operations = [run("review", "sides")]
