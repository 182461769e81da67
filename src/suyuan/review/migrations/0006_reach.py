"""Policies of reviews take the reach as one value."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Policies only."""

    dependencies = [("review", "0005_sides"), ("access", "0017_reach")]
    operations = [run("review", "reach")]
