"""What an agency's catalog adds about persons is cleared by two."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """A table of clearings, bound to the entries that made them."""

    dependencies = [("access", "0014_wall")]
    operations = [run("access", "clearings")]
