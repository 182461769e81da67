"""Content is readable only where it was put, with the key it was put under."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.vault import envelope, keyfile, terms
from suyuan.vault.agent import Client
from suyuan.vault.errors import ContentDamaged, LevelRefused, VaultLocked, WrongPassphrase
from suyuan.vault.keyfile import KeyFile
from suyuan.vault.provider import Provider
from suyuan.vault.suites import SUITES

PLACE = b"record 1 r1"


def one(suite: str) -> tuple[bytes, envelope.Encrypted]:
    """A key and a content under it."""
    key = os.urandom(SUITES[suite].key_bytes)
    [sealed] = envelope.encrypt(suite, [key], ["姓名".encode()], [PLACE])
    return key, sealed


@pytest.mark.clause("3.3.3")
@pytest.mark.parametrize("suite", SUITES)
def test_content_comes_back_as_it_went_in(suite: str) -> None:
    """Both ciphers give back the plaintext and the same commitment."""
    key, sealed = one(suite)
    plain, commitment = envelope.decrypt(suite, key, sealed.content, PLACE, "x")
    assert (plain.decode(), commitment) == ("姓名", sealed.commitment)


@pytest.mark.parametrize("suite", SUITES)
@given(data=st.data())
@pytest.mark.control("C26")
def test_any_changed_bit_is_refused(suite: str, data: st.DataObject) -> None:
    """No flipped bit of nonce, ciphertext or tag goes unnoticed."""
    key, sealed = one(suite)
    bit = data.draw(st.integers(0, len(sealed.content) * 8 - 1))
    changed = bytearray(sealed.content)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ContentDamaged):
        envelope.decrypt(suite, key, bytes(changed), PLACE, "x")


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.control("C26")
def test_content_moved_to_another_place_is_refused(suite: str) -> None:
    """A ciphertext put beside other columns does not open."""
    key, sealed = one(suite)
    with pytest.raises(ContentDamaged):
        envelope.decrypt(suite, key, sealed.content, b"record 2 r1", "x")


def test_equal_contents_have_different_commitments() -> None:
    """A guesser cannot try likely contents against the public digest."""
    assert one("aes-256-gcm")[1].commitment != one("aes-256-gcm")[1].commitment


@pytest.fixture(scope="module")
def key_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key file under the passphrase 'right'."""
    path = tmp_path_factory.mktemp("vault") / "keys.sealed"
    keyfile.create(path, "right")
    return path


def test_keys_open_with_their_passphrase_only(key_path: Path) -> None:
    """The wrong passphrase is refused in words; the right one opens."""
    assert KeyFile(key_path, "right").secret("ledger") == KeyFile(key_path, "right").secret("ledger")
    with pytest.raises(WrongPassphrase):
        KeyFile(key_path, "wrong")


def test_keys_are_never_overwritten(key_path: Path) -> None:
    """Making keys twice would lose every record under the first ones."""
    with pytest.raises(FileExistsError):
        keyfile.create(key_path, "right")


def test_a_missing_key_file_says_how_to_go_on(tmp_path: Path) -> None:
    """No keys: the vault is locked, not broken."""
    with pytest.raises(VaultLocked):
        KeyFile(tmp_path / "none", "right")


@pytest.mark.clause("5.2.1")
@pytest.mark.parametrize("level", [3, 4, 5])
@pytest.mark.control("C28")
def test_state_secret_levels_have_no_key(key_path: Path, level: int) -> None:
    """Levels 3 to 5 are refused: no commercial cipher may hold them."""
    file = KeyFile(key_path, "right")
    provider = Provider(file, Client(key_path.parent), file)
    assert provider.current_key(1)
    with pytest.raises(LevelRefused):
        provider.current_key(level)


def test_a_wrapped_key_belongs_to_its_record(key_path: Path) -> None:
    """A wrapped key moved to another record does not unwrap."""
    file = KeyFile(key_path, "right")
    provider = Provider(file, Client(key_path.parent), file)
    [key], [wrapped] = envelope.new_keys(provider, 1, [b"a" * 16])
    assert provider.unwrap(1, [(b"a" * 16, wrapped)]) == [key]
    with pytest.raises(ContentDamaged):
        provider.unwrap(1, [(b"b" * 16, wrapped)])


@given(st.text())
def test_every_part_of_a_name_finds_it(text: str) -> None:
    """The terms of any part of two or more characters are among the terms of the whole."""
    plain = "".join(text.casefold().split())
    for start in range(max(0, len(plain) - 1)):
        part = plain[start : start + 3]
        assert set(terms.bigrams(part)) <= set(terms.bigrams(text))
