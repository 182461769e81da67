"""What may be wrong with an installation: the start-up check and `suyuan doctor`.

Findings have stable ids (SY001...). A fatal one means that rows could reach somebody they must not, so nothing is served.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import psycopg

from suyuan.errors import SuyuanError
from suyuan.i18n import say
from suyuan.installation import own, private, serverlog
from suyuan.installation.disk import DISK_WARNING, free_mb, used_share
from suyuan.installation.errors import DatabaseReadOnly, RolesUnsafe
from suyuan.installation.model import Installation
from suyuan.installation.roles import check_version
from suyuan.installation.sql import named, statements

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and its mend, in both languages."""

    id: str
    fatal: bool
    zh: str
    en: str
    mend_zh: str
    mend_en: str

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.id} {say(self.zh, self.en)}\n      {say(self.mend_zh, self.mend_en)}"


# id: (statement, what in zh, what in en, mend in zh, mend in en); {} takes the names that the statement returns.
_FATAL = {
    "SY001": (
        "powers",
        "角色 {} 是超级用户或可绕过行级安全",
        "role {} is a superuser or bypasses row level security",
        "执行 ALTER ROLE … NOSUPERUSER NOBYPASSRLS",
        "ALTER ROLE … NOSUPERUSER NOBYPASSRLS",
    ),
    "SY002": (
        "ownership",
        "应用角色拥有对象或可充当其属主：{}",
        "the application role owns things or may act as their owner: {}",
        "执行 ALTER … OWNER TO suyuan_owner，并收回成员资格",
        "ALTER … OWNER TO suyuan_owner, and revoke the membership",
    ),
    "SY003": (
        "open_tables",
        "存有内容的表没有强制行级安全或没有策略：{}",
        "tables with content lack forced row level security or a policy: {}",
        "执行 ALTER TABLE … FORCE ROW LEVEL SECURITY 并补上策略",
        "ALTER TABLE … FORCE ROW LEVEL SECURITY, and give it its policy",
    ),
    "SY004": (
        "ledger_writes",
        "应用角色可以改写或删除：{}",
        "the application role may change or delete: {}",
        "执行 REVOKE UPDATE, DELETE, TRUNCATE ON … FROM suyuan_app",
        "REVOKE UPDATE, DELETE, TRUNCATE ON … FROM suyuan_app",
    ),
    "SY005": (
        "loose_functions",
        "以属主身份运行的函数没有固定、以 pg_temp 结尾的 search_path:{}",
        "functions that run as their owner have no fixed search_path that ends in pg_temp: {}",
        "执行 ALTER FUNCTION … SET search_path = pg_catalog, public, pg_temp",
        "ALTER FUNCTION … SET search_path = pg_catalog, public, pg_temp",
    ),
    "SY006": (
        "schema_create",
        "应用角色可在 {} 中建对象",
        "the application role may create objects in {}",
        "执行 REVOKE CREATE ON SCHEMA … FROM PUBLIC, suyuan_app",
        "REVOKE CREATE ON SCHEMA … FROM PUBLIC, suyuan_app",
    ),
    "SY007": (
        "owner_views",
        "视图以属主身份读取行：{}",
        "views read rows as their owner: {}",
        "执行 ALTER VIEW … SET (security_invoker = true)",
        "ALTER VIEW … SET (security_invoker = true)",
    ),
    "SY016": (
        "temporary_tables",
        "角色 {} 可以建临时表，临时表会被当作真表读取",
        "role {} may create temporary tables, which would be read in place of the real ones",
        "带上管理员的 DATABASE_URL 执行一次 suyuan up，或执行 REVOKE TEMPORARY ON DATABASE … FROM PUBLIC, suyuan_app, suyuan_sequencer",
        "run `suyuan up` once with the administrator's DATABASE_URL, or "
        "REVOKE TEMPORARY ON DATABASE … FROM PUBLIC, suyuan_app, suyuan_sequencer",
    ),
}
_MILD = {
    "SY008": (
        "plans",
        "角色 {} 未设 plan_cache_mode = force_custom_plan，检索会变慢",
        "role {} lacks plan_cache_mode = force_custom_plan; search will be slow",
        "执行 ALTER ROLE suyuan_app SET plan_cache_mode = force_custom_plan",
        "ALTER ROLE suyuan_app SET plan_cache_mode = force_custom_plan",
    ),
    "SY011": (
        "lacking",
        "角色在本库缺少权限：{}",
        "roles lack privileges in this database: {}",
        "带上管理员的 DATABASE_URL 执行一次 suyuan up，即会补齐",
        "run `suyuan up` once with the administrator's DATABASE_URL: it gives what is missing",
    ),
    "SY012": (
        "open_database",
        "服务器上的任何账号都可对本库：{}",
        "every account of the server may do this in this database: {}",
        "带上管理员的 DATABASE_URL 执行一次 suyuan up，或执行 REVOKE ALL ON DATABASE … FROM PUBLIC",
        "run `suyuan up` once with the administrator's DATABASE_URL, or REVOKE ALL ON DATABASE … FROM PUBLIC",
    ),
    "SY015": (
        "read_only",
        "数据库 {} 只读（备库），不能提供页面：每次查看都要写入账本",
        "the database {} is read-only (a standby); no page is served from it, since every look writes its entry",
        "在 DATABASE_URL 中写明主库，或写上各主机和 target_session_attrs=read-write",
        "name the primary in DATABASE_URL, or all hosts with target_session_attrs=read-write",
    ),
    "SY010": (
        "page_checksums",
        "数据库 {} 没有启用数据页校验和，磁盘上被改动的字节可能不被发现",
        "the database {} has no page checksums: bytes changed on the disk may go unnoticed",
        "停库后执行 pg_checksums --enable -D 数据目录",
        "stop the server and run pg_checksums --enable -D its data folder",
    ),
}


def in_database(connection: Connection) -> list[Finding]:
    """What is wrong with roles, owners, policies and server version. The connection is the application role's."""
    found = list(_version(connection))
    asked = statements("installation", "findings")
    [[user]] = connection.execute("SELECT current_user").fetchall()
    prefix = str(user).removesuffix("_app")
    for table, fatal in ((_FATAL, True), (_MILD, False)):
        for identity, (statement, zh, en, *mends) in table.items():
            names = ", ".join(str(row[0]) for row in connection.execute(asked[statement].encode()))
            if names:
                mend_zh, mend_en = (named(mend, prefix) for mend in mends)
                found.append(Finding(identity, fatal, zh.format(names), en.format(names), mend_zh, mend_en))
    return found


def on_the_way(installation: Installation, connection: Connection) -> Iterator[Finding]:
    """What is wrong with the way to a server of one's own: another machine whose certificate is not checked."""
    place = installation.place
    hosts = own.elsewhere(place.host or place.parameters.get("hostaddr", ""))
    if place.parameters.get("sslmode") == own.CHECKED or not hosts:
        hosts = list(filter(None, [own.unchecked(connection)]))
    if hosts:
        names = ", ".join(hosts)
        yield Finding(
            "SY013",
            False,
            f"到另一台机器 {names} 的数据库连接没有核对服务器证书，传输内容可能被人读取或改动",
            f"the connection to the database on another machine, {names}, does not check the server's certificate: "
            "what goes over it may be read or changed on the way",
            "带上 DATABASE_URL 重新执行 suyuan up，写明 sslmode=verify-full 和 sslrootcert",
            "run `suyuan up` again with a DATABASE_URL that says sslmode=verify-full and sslrootcert",
        )


def in_server_log(installation: Installation) -> Iterator[Finding]:
    """What is wrong with the settings of the server's log: those under which it would show the values of rows."""
    for name, roles in serverlog.of_roles(installation).items():
        mend = "; ".join(serverlog.mend(name, role) for role in roles)
        names = ", ".join(roles)
        yield Finding(
            "SY014",
            False,
            f"数据库服务器的日志会写出记录内容：{name}（{names}）",
            f"the database server's log would show the values of rows: {name} ({names})",
            f"由服务器超级用户执行 {mend}",
            f"as the server's superuser: {mend}",
        )


def everything(installation: Installation) -> list[Finding]:
    """What is wrong, fatal or not, with the database, the way to it, its server's log and the data folder."""
    with psycopg.connect(installation.database("app")) as connection:
        found = [*in_database(connection), *on_the_way(installation, connection)]
    return [*found, *in_server_log(installation), *in_folder(installation)]


def in_folder(installation: Installation) -> Iterator[Finding]:
    """What is wrong with the data folder: secrets or logs that others may read, a disk nearly full."""
    for path in (installation.secrets, *sorted(installation.secrets.iterdir())):
        if private.is_open(path):
            yield Finding(
                "SY020",
                True,
                f"{path} 可被他人读取",
                f"others may read {path}",
                f"执行 chmod go-rwx {path}",
                f"chmod go-rwx {path}",
            )
    for path in private.open_to_others(installation):
        if path != installation.secrets:
            yield Finding(
                "SY022",
                False,
                f"{path} 对他人开放",
                f"{path} is open to others",
                f"执行 chmod go-rwx {path}，或重新启动 suyuan up",
                f"chmod go-rwx {path}, or start suyuan up again",
            )
    used = used_share(installation.data)
    if used > DISK_WARNING:
        free = free_mb(installation.data)
        yield Finding(
            "SY021",
            False,
            f"磁盘已用 {used:.0%}，剩 {free} MB",
            f"the disk is {used:.0%} full, {free} MB left",
            "请清理空间或扩容；磁盘写满后只能读取、不能写入，已确认的数据不会丢失",
            "free or add space; a full disk stops writing, nothing acknowledged is lost",
        )


def refuse_unsafe(installation: Installation) -> list[Finding]:
    """Raise `RolesUnsafe` on a fatal finding, `DatabaseReadOnly` on a standby; returns the mild ones."""
    found = everything(installation)
    if any(finding.id == "SY015" for finding in found):
        raise DatabaseReadOnly
    fatal = [finding for finding in found if finding.fatal]
    if fatal:
        raise RolesUnsafe(";".join(f"{f.id} {f.zh}" for f in fatal), "; ".join(f"{f.id} {f.en}" for f in fatal))
    return found


def _version(connection: Connection) -> Iterator[Finding]:
    try:
        check_version(connection.info.server_version, connection.info.host)
    except SuyuanError as error:
        yield Finding("SY009", True, error.zh, error.en, error.mend_zh, error.mend_en)
