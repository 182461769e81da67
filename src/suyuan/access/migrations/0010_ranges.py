"""Administrators act on their own agency and below."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """A range for each act."""

    dependencies = [("access", "0009_ways_in")]
    operations = [run("access", "ranges")]
