"""Errors of the installation.

SuyuanError
├── InstallationMissing  the data folder holds no installation yet; shown to whoever runs a command
├── AlreadyRunning       a second `up` on one data folder
├── PortInUse            something else listens on the web port
├── DataFolderUnusable   the data folder cannot be written or belongs to somebody else
├── DiskFull             no room left where the data lies
├── StaleLock            a lock file of a server that is not ours, or will not go away
├── ServerFailed         PostgreSQL did not start, with its own last words
├── VersionUnknown       the server, or the data folder, is of a version that is not supported
├── NewerData            the database was migrated by a later version of this program
├── DatabaseUnreachable  DATABASE_URL answers not at all, or not to us
├── DatabaseUnencrypted  the way to a server on another machine is not encrypted, or its certificate is not trusted
├── DatabaseReadOnly     the database takes no writing: a standby
├── DatabaseAway         the database does not answer just now
├── AdministratorLacks   DATABASE_URL's administrator may not do what making the roles takes
├── RolesTaken           the server's roles were made for another installation
├── PrefixUnfit          SUYUAN_ROLES is no word that roles can begin with
├── PrefixWritten        SUYUAN_ROLES is not what the roles of this installation begin with
├── RolesUnsafe          the application role could go round the row level security
├── StartFailed          a step of starting failed; the log has the rest
└── TookTooLong          a statement was stopped at its time limit; nothing of the act is left
"""

from __future__ import annotations

from pathlib import Path

import psycopg

from suyuan.errors import SuyuanError

_GONE = ("08", "57P")  # classes of SQLSTATE: the connection, and a server that leaves or is not there yet


class InstallationMissing(SuyuanError):
    """The data folder holds no installation yet."""

    def __init__(self, data: Path) -> None:
        super().__init__(
            "installation.missing",
            f"数据目录 {data} 中尚未安装。",
            f"There is no installation in {data} yet.",
            "先执行 suyuan up（或 suyuan up --demo）；数据在其他目录的，用 --data 指明。",
            "Run `suyuan up` (or `suyuan up --demo`) first; if the data lies elsewhere, name it with --data.",
        )


class AlreadyRunning(SuyuanError):
    """A second `up` on one data folder."""

    def __init__(self, data: Path, who: str) -> None:
        super().__init__(
            "installation.already_running",
            f"数据目录 {data} 已由另一个进程使用：{who or '未知'}。",
            f"The data folder {data} is in use by another process: {who or 'unknown'}.",
            "直接打开它的地址，或先在该终端按 Ctrl-C 停止；要同时运行另一套，请用 --data 指定另一个目录。",
            "Open its address, or stop it with Ctrl-C where it runs; for a second installation give another --data.",
        )


class PortInUse(SuyuanError):
    """Something else listens on the web port."""

    def __init__(self, port: int) -> None:
        super().__init__(
            "installation.port_in_use",
            f"端口 {port} 已被占用。",
            f"Port {port} is in use.",
            f"换一个端口：suyuan up --port {port + 1}；或停止占用它的程序（ss -ltnp 可查看）。",
            f"Take another one: `suyuan up --port {port + 1}`; or stop what uses it (`ss -ltnp` shows it).",
        )


class DataFolderUnusable(SuyuanError):
    """The data folder cannot be written or belongs to somebody else."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(
            "installation.data_unusable",
            f"数据目录 {folder} 不可用：{why}。",
            f"The data folder {folder} cannot be used: {why}.",
            "用 --data 指定一个属于当前用户的目录，或改正该目录的属主和权限。",
            "Name a folder of your own with --data, or mend the folder's owner and permissions.",
        )


class DiskFull(SuyuanError):
    """No room left where the data lies."""

    def __init__(self, folder: Path, free_mb: int) -> None:
        super().__init__(
            "installation.disk_full",
            f"{folder} 所在磁盘空间不足，仅剩 {free_mb} MB。",
            f"The disk of {folder} is full: {free_mb} MB left.",
            "清出至少 500 MB 空间后重新执行；已确认的数据完好，无须修复。",
            "Free at least 500 MB and start again; everything acknowledged is safe and nothing needs repair.",
        )


class StaleLock(SuyuanError):
    """A lock file of a server that is not ours, or will not go away."""

    def __init__(self, lock: Path, pid: int, why: str) -> None:
        super().__init__(
            "installation.stale_lock",
            f"锁文件 {lock} 仍在（进程 {pid}：{why}），等待 30 秒后仍不能启动数据库。",
            f"The lock file {lock} is still there (process {pid}: {why}); the database did not start within 30 seconds.",
            f"用 ps -fp {pid} 查看该进程：如为本系统的 postgres，请先停止；确认没有 postgres 使用该目录后，再移除锁文件。",
            f"Look at it with `ps -fp {pid}`: if it is this installation's postgres, stop it; "
            "move the lock file away only when no postgres uses the folder.",
        )


class ServerFailed(SuyuanError):
    """PostgreSQL did not start, with its own last words."""

    def __init__(self, step: str, words: str, log: Path) -> None:
        super().__init__(
            "installation.server_failed",
            f"PostgreSQL 未能完成“{step}”：{words}",
            f"PostgreSQL did not get through `{step}`: {words}",
            f"完整日志在 {log}；改正后重新执行 suyuan up。",
            f"The whole log is {log}; mend the cause and run `suyuan up` again.",
        )


class VersionUnknown(SuyuanError):
    """The server, or the data folder, is of a version that is not supported."""

    def __init__(self, what: str, found: str, wanted: str) -> None:
        super().__init__(
            "installation.version_unknown",
            f"{what} 的 PostgreSQL 版本是 {found}，需要 {wanted}。",
            f"{what} has PostgreSQL {found}; needed is {wanted}.",
            "自有服务器请升级到所列小版本（CVE-2025-8713 已修复）；数据目录请使用写入时的本系统版本打开，或先用 pg_upgrade 升级。",
            "Update a server of your own to one of those minors (they have the fix of CVE-2025-8713); "
            "open a data folder with the release that wrote it, or take it over with pg_upgrade first.",
        )


class NewerData(SuyuanError):
    """The database was migrated by a later version of this program."""

    def __init__(self, unknown: list[str]) -> None:
        names = "、".join(unknown[:3])
        super().__init__(
            "installation.newer_data",
            f"数据库由更新版本的本系统写入（本版本不认识：{names}）。",
            f"The database was written by a later version of this program (unknown here: {', '.join(unknown[:3])}).",
            "请使用写入该数据库的版本启动；不支持降级。",
            "Start it with that version; going back is not supported.",
        )


class DatabaseUnreachable(SuyuanError):
    """The database answers not at all, or not to us."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            "installation.database_unreachable",
            f"连接不上数据库（{where}）：{why}",
            f"The database ({where}) cannot be reached: {why}",
            "自有服务器：检查 DATABASE_URL 的主机、端口、库名和口令；内置数据库：先执行 suyuan up。",
            "Your own server: check host, port, database and password of DATABASE_URL; the embedded one: run `suyuan up`.",
        )


class RolesTaken(SuyuanError):
    """The server's roles of these names were made for another installation."""

    def __init__(self, role: str) -> None:
        super().__init__(
            "installation.roles_taken",
            f"该服务器上的角色 {role} 属于另一套安装。",
            f"The role {role} on that server belongs to another installation.",
            "若即该安装，用 --data 指向其数据目录（其中存有角色口令）；若为同一服务器上的另一安装，用 SUYUAN_ROLES 另取角色前缀。",
            "If it is that one, name its data folder with --data (it holds the passwords); for another installation on the "
            "same server give its roles another beginning with SUYUAN_ROLES.",
        )


class DatabaseUnencrypted(SuyuanError):
    """The way to a server on another machine is not encrypted, or its certificate is not trusted."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            "installation.database_unencrypted",
            f"没有连接数据库（{where}）：到另一台机器的连接须加密并核对服务器证书（sslmode=verify-full），而这里做不到：{why}",
            f"The database ({where}) was not connected: the way to another machine must be encrypted and the server's "
            f"certificate checked (sslmode=verify-full), which fails here: {why}",
            "给数据库服务器配置证书，并在 DATABASE_URL 中写明签发机构：?sslrootcert=/路径/ca.crt；"
            "确要放弃核对或加密的，须在 DATABASE_URL 中明写 sslmode，suyuan doctor 会一直提示。",
            "Give the server a certificate and name its authority in DATABASE_URL: ?sslrootcert=/path/ca.crt; "
            "who does without the check or the encryption writes sslmode there, and `suyuan doctor` keeps saying so.",
        )


class DatabaseReadOnly(SuyuanError):
    """The database takes no writing: a standby, or one that was set so."""

    def __init__(self) -> None:
        super().__init__(
            "installation.database_read_only",
            "没有办成：数据库现在只读（可能连到了备库）。每次查看都要写入账本，只读时不提供任何页面。",
            "This was not done: the database is read-only now (perhaps a standby). Every look writes its entry, so "
            "nothing is served from it.",
            "由管理员在 DATABASE_URL 中写明主库，或写上各主机和 target_session_attrs=read-write；主备切换中则稍候重试。",
            "The administrator names the primary in DATABASE_URL, or all hosts with target_session_attrs=read-write; "
            "during a fail-over wait a little and try again.",
        )


class DatabaseAway(SuyuanError):
    """The database does not answer just now, or broke the connection off."""

    command = "suyuan doctor"

    def __init__(self) -> None:
        super().__init__(
            "installation.database_away",
            "没有办成：数据库现在没有应答。已确认的数据都在。",
            "This was not done: the database does not answer now. Everything acknowledged is safe.",
            "稍候重试；仍不成功，请系统管理员检查数据库服务器和网络。",
            "Try again in a moment; if it stays, the system administrator looks at the database server and the network.",
        )


class AdministratorLacks(SuyuanError):
    """DATABASE_URL's administrator may not do what making the roles takes."""

    def __init__(self, administrator: str, why: str) -> None:
        super().__init__(
            "installation.administrator_lacks",
            f"DATABASE_URL 中的管理员 {administrator} 权限不足：{why}",
            f"The administrator {administrator} of DATABASE_URL lacks a privilege: {why}",
            f"由服务器超级用户执行 ALTER ROLE {administrator} CREATEROLE 和 ALTER DATABASE … OWNER TO {administrator}，"
            "再重新执行；不需要超级用户权限。",
            f"The server's superuser runs ALTER ROLE {administrator} CREATEROLE and ALTER DATABASE … OWNER TO "
            f"{administrator}; then run this again. It need not be a superuser.",
        )


class PrefixUnfit(SuyuanError):
    """SUYUAN_ROLES is no word that roles can begin with."""

    def __init__(self, word: str) -> None:
        super().__init__(
            "installation.prefix_unfit",
            f"SUYUAN_ROLES 的值“{word}”不能作角色前缀。",
            f"`{word}` of SUYUAN_ROLES cannot begin the names of roles.",
            "用小写字母开头，只含小写字母、数字和下划线，不超过 40 个字符，不以 pg_ 开头。",
            "Begin with a lower-case letter; lower-case letters, digits and underscores, at most 40, not pg_ at the front.",
        )


class PrefixWritten(SuyuanError):
    """SUYUAN_ROLES is not what the roles of this installation begin with."""

    def __init__(self, wanted: str, written: str) -> None:
        super().__init__(
            "installation.prefix_written",
            f"没有连接数据库：本安装的角色前缀是“{written}”，不是 SUYUAN_ROLES 所写的“{wanted}”。",
            f"The database was not connected: this installation's roles begin with `{written}`, not with `{wanted}` of "
            "SUYUAN_ROLES.",
            "去掉 SUYUAN_ROLES；要建另一套安装，用 --data 指定另一个数据目录。",
            "Take SUYUAN_ROLES away; for another installation name another data folder with --data.",
        )


class RolesUnsafe(SuyuanError):
    """The application role could go round the row level security."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(
            "installation.roles_unsafe",
            f"数据库角色检查未通过，拒绝启动：{zh}",
            f"The check of the database roles failed, so nothing is served: {en}",
            "执行 suyuan doctor 查看每一项及改正办法。",
            "Run `suyuan doctor` for each finding and its mend.",
        )


class StartFailed(SuyuanError):
    """A step of starting failed; the log has the rest."""

    def __init__(self, step: str, log: Path) -> None:
        super().__init__(
            "installation.start_failed",
            f"“{step}”未成功，已停止。",
            f"`{step}` did not succeed; everything was stopped.",
            f"原因见上方输出或日志目录 {log}；改正后重新执行。",
            f"The cause is above or in {log}; mend it and start again.",
        )


class TookTooLong(SuyuanError):
    """The database stopped a statement at its time limit, or while it waited for others. The act is undone as a whole."""

    def __init__(self) -> None:
        super().__init__(
            "installation.took_too_long",
            "数据库没有在规定时间内完成这项操作，已停止；刚才的操作没有完成，也没有留下半途的结果。",
            "The database did not finish in the time allowed and stopped; nothing was done and nothing is left half done.",
            "缩小范围（多写几个字、加筛选条件、分成小批）后重试；批量操作可用命令执行，时限较长。",
            "Narrow it (more words, a filter, smaller batches) and try again; commands have more time for large acts.",
        )


def explain(error: BaseException | None, *, in_full: bool = False) -> SuyuanError | None:
    """Returns what a person is told of an error: a room's own words, or those for a state of the database behind it.

    That the database is read-only is said before anything else: it is why whatever wanted to write could not.

    Args:
        error: what was raised.
        in_full: with the server's own words, for whoever runs a command; they name hosts and accounts.
    """
    told = error if isinstance(error, SuyuanError) else None
    while error is not None:
        if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
            return DatabaseReadOnly()
        told = told or _state(error, in_full)
        error = error.__cause__
    return told


def _state(error: BaseException, in_full: bool) -> SuyuanError | None:
    if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable):
        return TookTooLong()
    if isinstance(error, psycopg.OperationalError) and (error.sqlstate or _GONE[0]).startswith(_GONE):
        return DatabaseUnreachable("PostgreSQL", " ".join(str(error).split())) if in_full else DatabaseAway()
    return None
