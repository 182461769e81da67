"""Errors of the vault.

SuyuanError
├── VaultLocked      no key provider is open in this process; shown to whoever runs the command
├── WrongPassphrase  the key file does not open; shown to the operator
├── LevelRefused     levels 3 to 5 need an approved provider; shown to the collector
└── ContentDamaged   a ciphertext, wrapped key or a column bound to it was changed; shown to the reader
"""

from __future__ import annotations

from suyuan.errors import SuyuanError


class VaultLocked(SuyuanError):
    """No key provider is open in this process."""

    def __init__(self) -> None:
        super().__init__(
            "vault.locked",
            "密钥库未开启,无法读写数据。",
            "The vault is not open, so no data can be read or written.",
            "请先执行 suyuan up,或设置 SUYUAN_PASSPHRASE 后重试。",
            "Run `suyuan up` first, or set SUYUAN_PASSPHRASE and try again.",
        )


class WrongPassphrase(SuyuanError):
    """The passphrase does not open the key file, or the key file was changed."""

    def __init__(self) -> None:
        super().__init__(
            "vault.wrong_passphrase",
            "口令不能打开密钥文件,或密钥文件已被改动。",
            "The passphrase does not open the key file, or the key file was changed.",
            "核对 SUYUAN_PASSPHRASE 或 secrets/passphrase;仍不行时从备份恢复密钥文件。",
            "Check SUYUAN_PASSPHRASE or secrets/passphrase; failing that, restore the key file from a backup.",
        )


class LevelRefused(SuyuanError):
    """Levels 3 to 5 are state secrets (Cryptography Law, arts 7 and 8): no commercial cipher may hold them."""

    def __init__(self, level: int) -> None:
        super().__init__(
            "vault.level_refused",
            f"密级 {level} 属国家秘密,未安装核准的密码设备,不予录入、导入或交换。",
            f"Level {level} is a state secret; without an approved cryptographic provider it is refused.",
            "请通过核准的涉密系统办理;本系统只接收 1 级(内部)和 2 级(警务工作秘密)。",
            "Use the approved classified system; this one takes level 1 (internal) and 2 (police-work secret) only.",
        )


class ContentDamaged(SuyuanError):
    """What is stored does not match what was encrypted: changed, swapped or moved to another place."""

    def __init__(self, where: str) -> None:
        super().__init__(
            "vault.content_damaged",
            f"{where} 的存储内容已被改动或损坏。",
            f"The stored content of {where} was changed or damaged.",
            "请执行 suyuan ledger verify 定位,并由技术部门从备份恢复该记录。",
            "Run `suyuan ledger verify` to locate it; the technical department restores the record from a backup.",
        )
