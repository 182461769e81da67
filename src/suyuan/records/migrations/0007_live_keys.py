"""Records lie under keys in use only."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Records lie under keys in use only."""

    dependencies = [("records", "0006_wall"), ("vault", "0001_initial")]
    operations = [run("records", "live_keys")]
