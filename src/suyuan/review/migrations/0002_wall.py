"""The policies of the reviews' tables ask whether who acts was proven."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """The wall of the reviews."""

    dependencies = [("review", "0001_initial"), ("records", "0006_wall")]
    operations = [run("review", "wall")]
