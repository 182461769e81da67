"""A newer way in takes the place of an earlier one of the same account."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """One waits for each account and kind, and the last alone is confirmed."""

    dependencies = [("access", "0015_clearings")]
    operations = [run("access", "ways_in_once")]
