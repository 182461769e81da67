"""The same proposal waits once."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """A rule on proposals that wait."""

    dependencies = [("access", "0010_ranges")]
    operations = [run("access", "proposal_once")]
