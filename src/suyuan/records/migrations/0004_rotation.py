"""Keys can be renewed while people work."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Contents are encrypted anew where they lie."""

    dependencies = [("records", "0003_export")]
    operations = [run("records", "rotation")]
