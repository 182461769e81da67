"""What an agency's catalog adds about persons is cleared by two; no password is one that must be changed any more."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """A table of clearings, bound to the entries that made them; the column of first passwords goes."""

    dependencies = [("access", "0014_wall")]
    operations = [run("access", "clearings"), migrations.RemoveField("account", "must_change")]
