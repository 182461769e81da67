"""Who acts is proven to the database and not said: sessions, tokens, tickets, sealed variables, passwords checked there."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """The wall against SQL under the application role."""

    dependencies = [("access", "0013_ways_in_acts")]
    operations = [run("access", "wall")]
