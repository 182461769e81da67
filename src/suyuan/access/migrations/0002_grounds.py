"""Grounds that are assigned, limits and emergency access."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Grounds that are assigned, limits and emergency access."""

    dependencies = [("access", "0001_initial")]
    operations = [run("access", "grounds")]
