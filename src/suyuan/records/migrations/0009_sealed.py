"""Sealed records open to heads of department alone, batches first to their own side."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """One policy more."""

    dependencies = [("records", "0008_release"), ("access", "0010_ranges")]
    operations = [run("records", "sealed")]
