"""Errors of the vault.

SuyuanError
├── VaultLocked      no key provider is open in this process; shown to whoever runs the command
├── WrongPassphrase  the key file does not open; shown to the operator
├── InstallationUnnamed  the database knows no keys yet; shown to whoever runs a process
├── KeysMissing      the database has keys and this folder has none; shown to whoever starts it
├── KeysOfAnother    the keys of this folder are not those of the database; shown to whoever starts it
├── GenerationMissing  this host's key file lacks a generation; shown to whoever reads or writes here
├── SigningKeyMissing  this host's key file lacks the signing key; raised as an alarm
├── HostsBehind      hosts that are running have not taken a key up; shown to custodians
├── HostLive         a host that is running is not struck off; shown to custodians
├── ParcelWrong      a file that was carried over does not fit; shown to whoever carries it
├── AgentRunning     this host has its agent; shown to whoever starts another
├── LevelRefused     levels 3 to 5 need an approved provider; shown to the collector
├── VaultSealed      level 2 waits for its custodians; shown to whoever reads or enters it
├── NoCustodians     nobody holds shares yet; shown to custodians
├── AlreadyAppointed somebody holds shares already; shown to custodians
├── BadThreshold     shares needed and holders do not fit; shown to custodians
├── SharesMissing    too few shares to replace a set; shown to custodians
├── NotCustodian     a holder needs the duty; shown to custodians
├── NoAgent          no `suyuan up` holds the keys; shown to custodians
├── TooManyWrong     too many wrong shares; shown to custodians
├── ShareRefused     a share is not taken; shown to its holder
│   ├── ShareMistyped
│   ├── ShareWrong
│   └── ShareRetired
├── RotationUnfinished  records still lie under the key before; shown to custodians
├── KeyInUse         a key is destroyed only once it is retired; shown to custodians
├── ShareRepeated    the share is there already, or nothing is left to open; shown to its holder
├── KeySettingsWrong the file that says where keys lie cannot be used; shown to the operator
├── SuiteNotHeld     a holder of keys has no such cipher; shown to whoever makes a key there
├── KeyUnfit         a key of that name is there, and not as it must be; shown to whoever makes a key there
├── KeyHolderUnreachable  a service or token that holds keys is away, sealed, or refuses; shown to the reader
└── ContentDamaged   a ciphertext, wrapped key or a column bound to it was changed; shown to the reader
"""

from __future__ import annotations

from pathlib import Path

from suyuan.errors import SuyuanError


class VaultLocked(SuyuanError):
    """No key provider is open in this process."""

    def __init__(self) -> None:
        super().__init__(
            "vault.locked",
            "密钥库未开启，无法读写数据。",
            "The vault is not open, so no data can be read or written.",
            "请先执行 suyuan up，或设置 SUYUAN_PASSPHRASE 后重试。",
            "Run `suyuan up` first, or set SUYUAN_PASSPHRASE and try again.",
        )


class WrongPassphrase(SuyuanError):
    """The passphrase does not open the key file, or the key file was changed."""

    def __init__(self) -> None:
        super().__init__(
            "vault.wrong_passphrase",
            "保护口令不正确，或密钥文件已被改动。",
            "The passphrase does not open the key file, or the key file was changed.",
            "核对 SUYUAN_PASSPHRASE 或 secrets/passphrase；仍不能打开的，从备份恢复密钥文件。",
            "Check SUYUAN_PASSPHRASE or secrets/passphrase; failing that, restore the key file from a backup.",
        )


class InstallationUnnamed(SuyuanError):
    """The database was not prepared by this version: it has no check values to compare with."""

    def __init__(self) -> None:
        super().__init__(
            "vault.installation_unnamed",
            "数据库尚未登记本系统的密钥，未读写任何内容。",
            "The database does not know the keys of this installation yet; nothing was read or written.",
            "请先在持有密钥的主机上执行 suyuan prepare（或 suyuan up）。",
            "Run `suyuan prepare` (or `suyuan up`) first, on the host that has the keys.",
        )


class KeysMissing(SuyuanError):
    """Other keys than the first ones would make everything stored unreadable and the ledger look altered."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            "vault.keys_missing",
            f"数据库中已有内容，而本机没有密钥文件 {path}，未启动，也不会另行生成密钥。",
            f"The database has content, and this host has no key file {path}; it does not start and makes no other keys.",
            "把原主机数据目录的 secrets 与 vault 目录整体复制到本机，见 docs/several-hosts.md；或从备份恢复该文件。",
            "Copy the folders secrets and vault from the first host, see docs/several-hosts.md, or restore the file.",
        )


class KeysOfAnother(SuyuanError):
    """Secrets of this folder that are not those the database was written under."""

    def __init__(self, names: list[str]) -> None:
        named = ", ".join(names)
        super().__init__(
            "vault.keys_of_another",
            f"本机的密钥不是该数据库的密钥（{named}），已拒绝启动，未读写任何内容。",
            f"The keys of this host are not those of the database ({named}); refused, nothing was read or written.",
            "核对 --data 与 DATABASE_URL 是否对应；本机应作为第二台主机时，见 docs/several-hosts.md 复制密钥。",
            "Check that --data and DATABASE_URL belong together; for a second host copy the keys, docs/several-hosts.md.",
        )


class GenerationMissing(SuyuanError):
    """Keys were renewed on another host, and this one has not taken them up."""

    def __init__(self, key_id: int) -> None:
        self.key_id = key_id
        super().__init__(
            "vault.generation_missing",
            f"本机的密钥文件缺少第 {key_id} 号密钥，不能读写以它加密的内容；数据没有损坏。",
            f"This host's key file lacks key {key_id}, so what lies under it is neither read nor written; nothing is damaged.",
            "在更换密钥的主机上执行 suyuan vault hand-over FILE，把文件带到本机，执行 suyuan vault receive FILE。",
            "On the host that renewed it run `suyuan vault hand-over FILE`, bring the file here, `suyuan vault receive FILE`.",
        )


class SigningKeyMissing(SuyuanError):
    """The signing key was renewed on another host; the old one signs nothing any more."""

    def __init__(self, number: int) -> None:
        super().__init__(
            "vault.signing_missing",
            f"本机的密钥文件缺少第 {number} 号签名密钥，不签发检查点。",
            f"This host's key file lacks signing key {number}; it signs no checkpoint.",
            "在更换密钥的主机上执行 suyuan vault hand-over FILE，把文件带到本机，执行 suyuan vault receive FILE。",
            "On the host that renewed it run `suyuan vault hand-over FILE`, bring the file here, `suyuan vault receive FILE`.",
        )


class HostsBehind(SuyuanError):
    """A key becomes current once every running host can use it."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        named = ", ".join(names)
        super().__init__(
            "vault.hosts_behind",
            f"新密钥已备好，但以下运行中的主机尚未取得：{named}。",
            f"The new key is made, but these running hosts do not have it yet: {named}.",
            "稍候，后台会继续；仍不行时用 suyuan vault hand-over / receive 带过去，已停用的主机用 suyuan vault hosts strike 除名。",
            "Wait, the worker goes on; else carry it over by `suyuan vault hand-over` and `receive`; "
            "strike off a host that is gone by `suyuan vault hosts strike`.",
        )


class HostLive(SuyuanError):
    """Only a host that is silent is struck off."""

    def __init__(self, host: str) -> None:
        super().__init__(
            "vault.host_live",
            f"主机 {host} 正在运行，或不存在，不能除名。",
            f"Host {host} is running, or there is none of that name; it is not struck off.",
            "先停止该主机上的服务，20 秒后重试；suyuan vault hosts list 列出各主机。",
            "Stop it first and try again after 20 seconds; `suyuan vault hosts list` lists them.",
        )


class ParcelWrong(SuyuanError):
    """What was carried over is of another installation, older than what is here, or sealed under another passphrase."""

    def __init__(self) -> None:
        super().__init__(
            "vault.parcel_wrong",
            "该文件不属于本系统，或已被改动，未作任何更改。",
            "This file does not belong to this installation, or was changed; nothing was done.",
            "在持有新密钥的主机上重新执行 suyuan vault hand-over FILE。",
            "Run `suyuan vault hand-over FILE` again on the host that has the new key.",
        )


class AgentRunning(SuyuanError):
    """One agent a host."""

    def __init__(self) -> None:
        super().__init__(
            "vault.agent_running",
            "本机的密钥代理已在运行。",
            "The agent of this host is running already.",
            "无需再启动；suyuan vault status 查看状态。",
            "There is nothing to start; `suyuan vault status` shows how it stands.",
        )


class LevelRefused(SuyuanError):
    """Levels 3 to 5 are state secrets (Cryptography Law, arts 7 and 8): no commercial cipher may hold them."""

    def __init__(self, level: int) -> None:
        super().__init__(
            "vault.level_refused",
            f"{level} 级属国家秘密，未配备经核准的密码设备，不予录入、导入或交换。",
            f"Level {level} is a state secret; without an approved cryptographic provider it is refused.",
            "请通过经核准的涉密信息系统办理；本系统只接收内部（1 级）和警务工作秘密（2 级）。",
            "Use the approved classified system; this one takes level 1 (internal) and 2 (police-work secret) only.",
        )


class ContentDamaged(SuyuanError):
    """What is stored does not match what was encrypted: changed, swapped or moved to another place."""

    def __init__(self, where: str) -> None:
        self.where = where
        super().__init__(
            "vault.content_damaged",
            f"{where} 的存储内容已被改动或损坏。",
            f"The stored content of {where} was changed or damaged.",
            "请告知安全审计员定位，并由技术部门从备份恢复该记录。",
            "Tell the security auditor, who locates it; the technical department restores the record from a backup.",
        )


class VaultSealed(SuyuanError):
    """Level 2's keys are in nobody's memory: its custodians have not presented enough shares."""

    command = "suyuan vault unseal"

    def __init__(self) -> None:
        super().__init__(
            "vault.sealed",
            "2 级（警务工作秘密）处于封闭状态，不能读写。",
            "Level 2 (police-work secret) is sealed; it can be neither read nor written.",
            "请密钥保管人到场，在“密钥保管”页逐一输入分量启封。",
            "Let its custodians present their shares, on the page of custodians.",
        )


class NoCustodians(SuyuanError):
    """No set of shares was made in this installation."""

    command = "suyuan vault custodians appoint"

    def __init__(self) -> None:
        super().__init__(
            "vault.no_custodians",
            "尚未指定密钥保管人，警务工作秘密（2 级）不能启用。",
            "No custodians are appointed, so level 2 (police-work secret) cannot be used.",
            "由存储管理员指定密钥保管人。",
            "A storage custodian appoints them.",
        )


class RotationUnfinished(SuyuanError):
    """Keys are renewed one generation at a time."""

    command = "suyuan vault rotate"

    def __init__(self) -> None:
        super().__init__(
            "vault.rotation_unfinished",
            "上一次更换密钥尚未完成。",
            "The last renewal of keys is not finished.",
            "在“密钥”页查看进度；后台任务停止时，由存储管理员继续。",
            "Look at its progress on the page of keys; where the worker stands still, a storage custodian goes on.",
        )


class KeyInUse(SuyuanError):
    """Only a retired key can be destroyed: nothing but old backups lies under it."""

    def __init__(self, key_id: int) -> None:
        super().__init__(
            "vault.key_in_use",
            f"密钥 {key_id} 仍在使用，或不存在，不能销毁。",
            f"Key {key_id} is in use, or there is none of that number; it cannot be destroyed.",
            "先更换该级密钥，待其状态变为“已停用”后再销毁。",
            "Renew the keys of its level first, and destroy it once it is retired.",
        )


class AlreadyAppointed(SuyuanError):
    """There is a set of shares; making another would lose what is encrypted."""

    def __init__(self) -> None:
        super().__init__(
            "vault.already_appointed",
            "密钥保管人已指定。",
            "Custodians are appointed already.",
            "更换保管人请执行 suyuan vault custodians replace。",
            "To replace one, run `suyuan vault custodians replace`.",
        )


class BadThreshold(SuyuanError):
    """At least two shares are needed, of at most 16 different holders."""

    def __init__(self) -> None:
        super().__init__(
            "vault.bad_threshold",
            "启封所需分量数不得少于 2，也不得多于密钥保管人人数；密钥保管人为 2 至 16 名，不得重复。",
            "At least 2 shares are needed and no more than there are holders; holders are 2 to 16 different persons.",
            "调整 --threshold 或保管人名单。",
            "Change --threshold or the list of holders.",
        )


class SharesMissing(SuyuanError):
    """Too few shares of the current set."""

    def __init__(self, given: int, needed: int) -> None:
        self.given, self.needed = given, needed
        super().__init__(
            "vault.shares_missing",
            f"更换密钥保管人需要 {needed} 份密钥分量，目前只有 {given} 份。",
            f"Replacing custodians needs {needed} shares; {given} were presented.",
            "请其余保管人到场后重新办理。",
            "Start again when the others are present.",
        )


class NoAgent(SuyuanError):
    """No process holds the keys of level 2."""

    def __init__(self) -> None:
        super().__init__(
            "vault.no_agent",
            "没有正在运行的服务，无法加载警务工作秘密（2 级）的密钥。",
            "No running service can hold the keys of level 2.",
            "先执行 suyuan up（或 suyuan agent），再输入密钥分量。",
            "Run `suyuan up` (or `suyuan agent`) first, then present the shares.",
        )


class TooManyWrong(SuyuanError):
    """Five wrong shares in 15 minutes."""

    def __init__(self) -> None:
        super().__init__(
            "vault.too_many_wrong",
            "错误的密钥分量过多，暂停接收。",
            "Too many wrong shares; none is taken for now.",
            "核对密钥分量，15 分钟后重试。",
            "Check the shares and try again in 15 minutes.",
        )


class ShareRefused(SuyuanError):
    """A share that does not belong to the current set."""


class ShareMistyped(ShareRefused):
    """Not a share, or a letter of it is wrong."""

    def __init__(self) -> None:
        super().__init__(
            "vault.share_mistyped",
            "密钥分量不完整，或有字符错误。",
            "This is not a whole share, or a letter of it is wrong.",
            "密钥分量共 10 组，每组 4 个字符（字母 A～Z、数字 2～7），请逐组核对。",
            "A share has 10 groups of 4 (letters A-Z, digits 2-7); check each group.",
        )


class ShareWrong(ShareRefused):
    """A well-formed share of no set of this installation."""

    def __init__(self) -> None:
        super().__init__(
            "vault.share_wrong",
            "该密钥分量不属于本系统。",
            "This share does not belong to this installation.",
            "请核对是否误用其他系统的密钥分量。",
            "Check whether it is a share of another installation.",
        )


class ShareRetired(ShareRefused):
    """A share of a set that was replaced."""

    def __init__(self) -> None:
        super().__init__(
            "vault.share_retired",
            "该密钥分量属于已更换的一组，已失效。",
            "This share is of an older set that was replaced; it no longer counts.",
            "请使用更换后领取的密钥分量，并销毁旧分量。",
            "Use the share handed out at the replacement, and destroy the old one.",
        )


class ShareRepeated(SuyuanError):
    """The same share twice opens no more than once."""

    def __init__(self) -> None:
        super().__init__(
            "vault.share_repeated",
            "该密钥分量已输入，或警务工作秘密（2 级）已启封。",
            "This share was presented already, or level 2 is open already.",
            "请下一位密钥保管人输入密钥分量。",
            "Let the next custodian present theirs.",
        )


class NotCustodian(SuyuanError):
    """Shares are held by persons in the duty of a storage custodian only."""

    def __init__(self, username: str) -> None:
        super().__init__(
            "vault.not_custodian",
            f"{username} 未担任存储管理员，不能持有密钥分量。",
            f"{username} is not a storage custodian and cannot hold a share.",
            "请安全管理员先授予该岗位。",
            "Let the security administrators grant that duty first.",
        )


class KeySettingsWrong(SuyuanError):
    """What `SUYUAN_KEYS` names, or a file that it refers to, cannot be used."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(
            "vault.key_settings_wrong",
            f"密钥存放处的设置有误：{zh}。",
            f"The settings of where keys lie cannot be used: {en}.",
            "按 docs/keys.md 修改 SUYUAN_KEYS 指定的文件后重启。",
            "Mend the file that SUYUAN_KEYS names, see docs/keys.md, and start again.",
        )


class SuiteNotHeld(SuyuanError):
    """Transit services and tokens wrap under AES-256-GCM; SM4 stays with the key file."""

    def __init__(self, name: str, suite: str) -> None:
        super().__init__(
            "vault.suite_not_held",
            f"密钥存放处 {name} 不提供 {suite}，只提供 aes-256-gcm。",
            f"The key holder {name} has no {suite}, only aes-256-gcm.",
            "在该处改用 aes-256-gcm，或把 sm4-gcm 密钥留在密钥文件中。",
            "Use aes-256-gcm there, or keep keys of sm4-gcm in the key file.",
        )


class KeyUnfit(SuyuanError):
    """Somebody made a key of our name that could be taken out, or of another kind."""

    def __init__(self, name: str, key: str) -> None:
        super().__init__(
            "vault.key_unfit",
            f"{name} 中已有名为 {key} 的密钥，但类型不符或可以导出。",
            f"{name} has a key named {key} already, of another kind or one that can be exported.",
            "请该处管理员查明其来源并改名或删除，然后重试。",
            "Let whoever runs it find out who made it, rename or remove it, and try again.",
        )


_UNREACHABLE = {
    "away": ("没有应答", "does not answer", "检查服务、令牌设备和网络后重试。", "Check the service or token and the network, then try again."),
    "untrusted": ("的证书不可信", "has a certificate that nothing vouches for", "在设置的 ca 中指定签发它的证书。",
                  "Let the setting ca name the certificate of who issued it."),
    "sealed": ("处于封闭状态", "is sealed", "请其管理员启封后重试。", "Let whoever runs it unseal it, then try again."),
    "refused": ("拒绝了令牌或 PIN", "refuses the token or PIN", "更换设置中 token_file 或 pin_file 的内容。",
                "Put a valid one into the token_file or pin_file of the settings."),
    "missing": ("没有该密钥", "has no such key", "核对设置中的 installation 与存放处；密钥若已销毁，内容不可恢复。",
                "Check installation and place in the settings; if the key was destroyed, the content is gone."),
    "odd": ("答复异常", "answers something unexpected", "查看该处的日志。", "Look into its log."),
}  # fmt: skip


class KeyHolderUnreachable(SuyuanError):
    """What holds a key cannot be asked now. `reason`: away, untrusted, sealed, refused, missing, odd."""

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        zh, en, mend_zh, mend_en = _UNREACHABLE[reason]
        super().__init__(
            "vault.holder_unreachable", f"密钥存放处 {name} {zh}。", f"The key holder {name} {en}.", mend_zh, mend_en
        )
