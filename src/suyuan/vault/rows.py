"""Where the tables of this room stand: the key file is what counts, and every process compares with it before its first act."""

from __future__ import annotations

from suyuan.ledger.bound import Bound
from suyuan.ledger.evidence import Placed, not_evidence

EVIDENCE: tuple[Placed | Bound, ...] = (
    Bound("vault_installation", ("installation",), ("one", "installation", "at"), appended=True),
    *not_evidence(
        "密钥的代次、核对值和各主机的状态：以密钥文件为准，各进程办理前先行比对，不符即拒绝",
        "generations of keys, check values and the state of hosts: the key file is what counts, and each process compares "
        "before its first act and refuses where they differ",
        "vault_check", "vault_generation", "vault_signing", "vault_parcel", "vault_host", "vault_teller",
    ),
)  # fmt: skip
