"""Records are erased by destroying their keys."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """One person asks, another does it."""

    dependencies = [("records", "0004_rotation")]
    operations = [run("records", "disposal")]
