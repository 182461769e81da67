"""A batch of which nothing is left cannot be approved."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Replaces what allows a decision."""

    dependencies = [("review", "0002_wall")]
    operations = [run("review", "nothing_left")]
