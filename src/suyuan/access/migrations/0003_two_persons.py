"""Grants and changes of policy need a second person; undertakings."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Grants and changes of policy need a second person; undertakings."""

    dependencies = [("access", "0002_grounds")]
    operations = [run("access", "two_persons"), run("access", "undertaking")]
