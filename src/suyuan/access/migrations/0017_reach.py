"""What a context reaches is one sealed value."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """The function, and the rule that policies are made from."""

    dependencies = [("access", "0016_ways_in_once")]
    operations = [run("access", "reach")]
