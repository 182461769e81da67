"""Tables, policies and functions of records."""

from __future__ import annotations

from django.db import migrations

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Needs access's scope predicate and the ledger."""

    dependencies = [("access", "0001_initial"), ("ledger", "0001_initial")]
    operations = [run("records", "tables"), run("records", "policies"), run("records", "functions")]
