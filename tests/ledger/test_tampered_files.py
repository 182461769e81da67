"""Files beside the database: what the witnesses keep, the keys, the custodians' file, the catalog (assurance, row 6)."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from suyuan import catalog
from suyuan.catalog.errors import CatalogFaulty
from suyuan.catalog.loader import SHIPPED, load
from suyuan.errors import SuyuanError
from suyuan.installation import current
from suyuan.ledger import actions as ledger
from suyuan.ledger import verify
from suyuan.ledger.acts import Act
from suyuan.vault import keyfile
from suyuan.vault.custodians import Custody, read
from suyuan.vault.keyfile import KeyFile
from tampered import sequence
from world import World

FLIPS = 20


def flips(path: Path, seed: str) -> list[bytes]:
    """The file with one random bit changed, many times over, with its second half zeroed, and cut short."""
    whole, dice = path.read_bytes(), random.Random(seed)
    changed = [bytearray(whole) for _ in range(FLIPS)]
    for one in changed:
        one[dice.randrange(len(one))] ^= 1 << dice.randrange(8)
    half = len(whole) // 2
    return [*map(bytes, changed), whole[:half] + bytes(len(whole) - half), whole[:half]]


@pytest.mark.clause("5.3.1", "5.3.2")
def test_a_changed_witness_copy_is_named(world: World) -> None:
    """Each bit of a signed note counts; a note of an older log in the place of the newest one does not hold up either."""
    sequence()
    path = current().witness / "latest"
    whole = path.read_bytes()
    for changed in flips(path, "witness"):
        path.write_bytes(changed)
        assert "latest" in {fault.where for fault in verify.verify_log()}, changed
    path.write_bytes(whole)
    assert list(verify.verify_log()) == []


def test_an_older_note_is_true_and_says_less(world: World) -> None:
    """Control: an older note agrees with a longer log, so `verify` is silent; the other witnesses hold the newer one."""
    sequence()
    older = (current().witness / "latest").read_text()
    ledger.append(ledger.SYSTEM, Act.consult)
    sequence()
    newer = (current().witness / "latest").read_text()
    (current().witness / "latest").write_text(older)
    assert older != newer
    assert list(verify.verify_log()) == []


@pytest.mark.clause("3.3.3", "5.2.1")
@pytest.mark.control("C26")
def test_a_changed_key_file_opens_to_no_other_key(tmp_path: Path) -> None:
    """It is refused; or the bit was one that says nothing, and the keys are the same."""
    path = tmp_path / "keys.json"
    keyfile.create(path, "Test-only-passphrase")
    whole, secret = path.read_bytes(), KeyFile(path, "Test-only-passphrase").secret("ledger")
    refused = 0
    for changed in flips(path, "keys"):
        path.write_bytes(changed)
        try:
            assert KeyFile(path, "Test-only-passphrase").secret("ledger") == secret
        except (SuyuanError, ValueError):
            refused += 1
    assert refused >= FLIPS
    path.write_bytes(whole)
    assert KeyFile(path, "Test-only-passphrase").secret("ledger") == secret


@pytest.mark.clause("5.2.1")
def test_a_changed_custodians_file_opens_nothing(tmp_path: Path) -> None:
    """Threshold, holders and sealed keys hang together: a changed file does not open, or says what it said before."""
    path = tmp_path / "custodians.json"
    shares = Custody(path).appoint(2, [1, 2, 3], "aes-256-gcm")
    said, refused = told(path), 0
    for changed in flips(path, "custodians"):
        path.write_bytes(changed)
        try:
            assert opens(path, shares)
            assert told(path) == said
        except SuyuanError:
            refused += 1
    assert refused >= FLIPS


def told(path: Path) -> dict[str, object]:
    """What the file says beside the sealed keys."""
    return {name: value for name, value in read(path).items() if name not in ("nonce", "sealed")}


def opens(path: Path, shares: list[str]) -> bool:
    """Whether two shares open level 2."""
    custody = Custody(path)
    return [custody.present(share).open for share in shares[:2]][-1]


@pytest.mark.clause("6.1.1")
def test_a_changed_catalog_is_another_release(tmp_path: Path) -> None:
    """A batch names the release it was checked against: a bit changed in a declaration makes another, or none at all."""
    folder = tmp_path / "catalog"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("*.py", "engine", "kinds"))
    before, path, others = catalog.current().release, folder / "types" / "violation.yaml", 0
    for changed in flips(path, "catalog")[:2]:
        path.write_bytes(changed)
        try:
            others += load(shipped=folder).release != before
        except CatalogFaulty:
            others += 1
    assert others == 2
