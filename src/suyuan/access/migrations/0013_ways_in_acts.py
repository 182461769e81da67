"""Accounts, resets and unlocking are asked by one person and confirmed by another."""

from __future__ import annotations

from django.db import migrations, models

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Takes the place of passwords that administrators made."""

    dependencies = [("access", "0012_tries")]
    operations = [
        migrations.AddField("Account", "epoch", models.IntegerField(default=0)),
        run("access", "ways_in_acts"),
    ]
