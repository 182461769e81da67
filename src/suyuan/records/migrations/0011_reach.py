"""Policies of records take the reach as one value."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Policies only."""

    dependencies = [("records", "0010_key_destruction"), ("access", "0017_reach")]
    operations = [run("records", "reach")]
