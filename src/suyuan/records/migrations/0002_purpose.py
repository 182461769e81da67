"""Records about people open under a purpose only; one search for every reading of a number."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Records about people open under a purpose only; one search for every reading of a number."""

    dependencies = [("records", "0001_initial"), ("access", "0002_grounds")]
    operations = [run("records", "purpose")]
