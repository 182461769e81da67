"""The policies of what is on its way in ask who is proven to act."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """The wall of imports and drafts."""

    dependencies = [("collection", "0002_deliveries"), ("access", "0014_wall")]
    operations = [run("collection", "wall")]
