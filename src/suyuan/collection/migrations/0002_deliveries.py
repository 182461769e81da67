"""Deliveries of programs."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Answers to deliveries that came with a key."""

    dependencies = [("collection", "0001_initial")]
    operations = [run("collection", "deliveries")]
