"""Tries are counted and not kept; no account name that was only typed stays readable."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Counts in place of tries."""

    dependencies = [("access", "0011_proposal_once")]
    operations = [run("access", "tries")]
