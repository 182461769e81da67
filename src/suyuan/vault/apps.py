"""The vault as a Django app: at start it hands the ledger its keys."""

from __future__ import annotations

from django.apps import AppConfig


class VaultConfig(AppConfig):
    """Norm 5.2.1, 3.3.3."""

    name = "suyuan.vault"
    label = "vault"

    def ready(self) -> None:
        """Give the ledger its keys, and ways in their sealing; the keys are opened at first use, not here."""
        from suyuan.access.sign_in import vaulted
        from suyuan.ledger import evidence, keys, verify
        from suyuan.vault.actions import LedgerKeys, open_sealed, seal
        from suyuan.vault.rows import EVIDENCE
        from suyuan.vault.verify import verify_keys

        keys.provide(LedgerKeys())
        evidence.place(EVIDENCE)
        verify.register(verify_keys)
        vaulted.give(seal, open_sealed)
