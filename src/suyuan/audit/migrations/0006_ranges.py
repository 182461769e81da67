"""Auditors see and answer for their own agency and those below."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """A range for each act of an auditor."""

    dependencies = [("audit", "0005_search_paths"), ("access", "0010_ranges")]
    operations = [run("audit", "ranges")]
