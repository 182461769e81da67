"""What left as a file, by whom, for whom and what for."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """What left as a file, by whom, for whom and what for."""

    dependencies = [("records", "0002_purpose")]
    operations = [run("records", "export")]
