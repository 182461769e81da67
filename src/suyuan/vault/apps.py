"""The vault as a Django app: at start it hands the ledger its keys."""

from __future__ import annotations

from django.apps import AppConfig


class VaultConfig(AppConfig):
    """Norm 5.2.1, 3.3.3."""

    name = "suyuan.vault"
    label = "vault"

    def ready(self) -> None:
        """Give the ledger its keys; they are opened at first use, not here."""
        from suyuan.ledger import keys
        from suyuan.vault.actions import LedgerKeys

        keys.provide(LedgerKeys())
