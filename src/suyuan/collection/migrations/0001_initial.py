"""Tables of collection."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Needs access's scope predicate."""

    dependencies = [("access", "0001_initial")]
    operations = [run("collection", "tables")]
