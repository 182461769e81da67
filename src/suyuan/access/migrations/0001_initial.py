"""Accounts, agencies, people, duties, grounds, and the acting context."""

from __future__ import annotations

from django.db import migrations, models

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Stands on the ledger."""

    dependencies = [("ledger", "0001_initial")]
    operations = [
        migrations.CreateModel(
            "Account",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("password", models.CharField(max_length=128)),
                ("last_login", models.DateTimeField(null=True, blank=True)),
                ("username", models.CharField(max_length=60, unique=True)),
                ("person", models.BigIntegerField()),
                ("email", models.EmailField(max_length=254, blank=True, default="")),
                ("is_active", models.BooleanField(default=True)),
                ("must_change", models.BooleanField(default=False)),
            ],
        ),
        run("access", "tables"),
        run("access", "scope"),
        run("access", "administer"),
    ]
