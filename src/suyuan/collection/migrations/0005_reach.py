"""Policies of what is on its way in take the reach as one value."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Policies only."""

    dependencies = [("collection", "0004_draft_versions"), ("access", "0017_reach")]
    operations = [run("collection", "reach")]
