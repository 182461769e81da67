"""Second factors, sessions, password policies."""

from __future__ import annotations

from django.db import migrations, models
from django.utils import timezone

from suyuan.installation.sql import run


class Migration(migrations.Migration):
    """Second factors, sessions, password policies."""

    dependencies = [("access", "0003_two_persons")]
    operations = [
        migrations.AddField("Account", "made_at", models.DateTimeField(default=timezone.now)),
        migrations.AddField("Account", "password_at", models.DateTimeField(default=timezone.now)),
        run("access", "sign_in"),
    ]
