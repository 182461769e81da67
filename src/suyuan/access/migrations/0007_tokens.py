"""Personal tokens for programs."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Tokens of accounts."""

    dependencies = [("access", "0006_retention")]
    operations = [run("access", "tokens")]
