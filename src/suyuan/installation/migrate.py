"""Bring the database to this version, by the owner role."""

from __future__ import annotations

from collections.abc import Callable

from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from suyuan.installation.errors import NewerData
from suyuan.installation.sql import text

Notice = Callable[[str, str], None]


def migrate(notice: Notice = lambda zh, en: None) -> bool:
    """Apply what is missing. True if there was something; raises `NewerData` if the database is ahead of the program."""
    connection = connections["owner"]
    executor = MigrationExecutor(connection)
    loader = executor.loader
    known = set(loader.disk_migrations) | set(loader.replacements)
    unknown = sorted(f"{app}.{name}" for app, name in loader.applied_migrations if (app, name) not in known)
    if unknown:
        raise NewerData(unknown)
    plan = executor.migration_plan(loader.graph.leaf_nodes())
    if plan:
        notice(f"正在建立或更新数据表（{len(plan)} 步）…", f"Making or updating tables ({len(plan)} steps)…")
        call_command("migrate", database="owner", verbosity=0, interactive=False)
        with connection.cursor() as cursor:
            cursor.execute(text("installation", "grants"))
    connections.close_all()
    return bool(plan)
