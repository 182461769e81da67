"""Drafts have versions and stay closed."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Adds columns to drafts."""

    dependencies = [("collection", "0003_wall")]
    operations = [run("collection", "draft_versions")]
