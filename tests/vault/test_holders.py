"""What a transit service and a token have in common: keys are made and used there, bound to their place, and stay."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from key_places import Bao, SoftToken, bao, settings_file, soft_token
from suyuan.cli.root import root
from suyuan.vault import errors, holder
from suyuan.vault.holder import KeyHolder

PLACE, KEY = b"p" * 16, b"k" * 32
pytestmark = pytest.mark.clause("5.2.1")

WORKER = """
import sys
from suyuan.vault.holder import holder
there = holder(sys.argv[1])
for key_id in [7, *range(100, 130)]:
    there.make(key_id, "aes-256-gcm")
    there.wrap(key_id, [(b"p", b"k")])
items = [(bytes([n % 256]) * 16, bytes([n % 251]) * 32) for n in range(300)]
for _ in range(3):
    wrapped = there.wrap(7, items)
    assert there.unwrap(7, [(place, one) for (place, _), one in zip(items, wrapped)]) == [key for _, key in items]
print(there.make_signing(7).hex(), wrapped[0].hex())
"""


@dataclass
class Place:
    """A holder with what it stands on."""

    holder: KeyHolder
    behind: Bao | SoftToken
    settings: dict[str, Any]


@pytest.fixture(scope="module", params=["transit", "pkcs11"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Each kind of holder, with the settings that name it."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "pkcs11":
        token = soft_token(folder, "shared")
        yield Place(token.holder(), token, {"kind": "pkcs11"} | token.settings())
        return
    with bao(folder) as service:
        token = service.token()
        yield Place(service.holder(token), service, {"kind": "transit"} | service.settings(token))


@pytest.fixture
def there(place: Place) -> KeyHolder:
    """The holder, with key 1 in it."""
    place.holder.make(1, "aes-256-gcm")
    return place.holder


def test_a_data_key_comes_back_and_looks_like_one_under_the_key_file(there: KeyHolder) -> None:
    """Nonce, ciphertext and tag, never the same twice."""
    first, second = there.wrap(1, [(PLACE, KEY), (PLACE, KEY)])
    assert first != second and len(first) == len(second) == 12 + 32 + 16 and KEY not in first
    assert there.unwrap(1, [(PLACE, first), (PLACE, second)]) == [KEY, KEY]


def test_thousands_of_data_keys_come_back_in_their_order(there: KeyHolder) -> None:
    """5,000 in one call, and none in another."""
    items = [(n.to_bytes(16, "big"), n.to_bytes(32, "big")) for n in range(5000)]
    wrapped = there.wrap(1, items)
    assert len(set(wrapped)) == 5000
    assert there.unwrap(1, [(place, one) for (place, _), one in zip(items, wrapped, strict=True)]) == [
        k for _, k in items
    ]
    assert there.wrap(1, []) == there.unwrap(1, []) == []


@pytest.mark.parametrize("at", range(0, 60, 7))
def test_a_flipped_byte_is_damage_alone_and_among_others(there: KeyHolder, at: int) -> None:
    """Wherever it is; the sound ones go on coming back."""
    sound, one = there.wrap(1, [(PLACE, KEY), (PLACE, KEY)])
    bad = one[:at] + bytes([one[at] ^ 1]) + one[at + 1 :]
    for items in ([(PLACE, bad)], [(PLACE, sound), (PLACE, bad)]):
        with pytest.raises(errors.ContentDamaged):
            there.unwrap(1, items)
    assert there.unwrap(1, [(PLACE, sound)]) == [KEY]


@pytest.mark.parametrize("cut", [0, 11, 28, 59])
def test_a_cut_one_is_damage(there: KeyHolder, cut: int) -> None:
    """However short."""
    with pytest.raises(errors.ContentDamaged):
        there.unwrap(1, [(PLACE, there.wrap(1, [(PLACE, KEY)])[0][:cut])])


def test_a_key_of_another_place_or_under_another_key_is_damage(there: KeyHolder) -> None:
    """The place is bound; so is which key wrapped it."""
    there.make(2, "aes-256-gcm")
    [wrapped] = there.wrap(1, [(PLACE, KEY)])
    for key_id, place in ((1, b"q" * 16), (2, PLACE)):
        with pytest.raises(errors.ContentDamaged):
            there.unwrap(key_id, [(place, wrapped)])


def test_nothing_of_the_other_items_is_in_the_error(there: KeyHolder) -> None:
    """A log that shows the error and all that led to it shows no data key."""
    wrapped = there.wrap(1, [(PLACE, b"canary-of-a-data-key-32-bytes-ab"), (PLACE, KEY)])
    with pytest.raises(errors.ContentDamaged) as caught:
        there.unwrap(1, [(PLACE, wrapped[0]), (b"q" * 16, wrapped[1])])
    told, one = "", caught.value
    while one is not None:
        told, one = told + repr(vars(one)) + str(one), one.__context__  # type: ignore[assignment]
    assert "Y2FuYXJ5" not in told and "canary" not in told


def test_making_a_key_again_changes_nothing(there: KeyHolder) -> None:
    """What was wrapped before still opens."""
    [wrapped] = there.wrap(1, [(PLACE, KEY)])
    public = there.make_signing(1)
    there.make(1, "aes-256-gcm")
    assert there.unwrap(1, [(PLACE, wrapped)]) == [KEY]
    assert there.make_signing(1) == public and len(public) == 32


def test_a_destroyed_key_is_gone_and_so_is_what_it_wrapped(there: KeyHolder) -> None:
    """Destroying what is not there is no error; wrapping does not bring it back."""
    there.make(3, "aes-256-gcm")
    [wrapped] = there.wrap(3, [(PLACE, KEY)])
    there.destroy(3)
    there.destroy(3)
    for call in (lambda: there.unwrap(3, [(PLACE, wrapped)]), lambda: there.wrap(3, [(PLACE, KEY)])):
        with pytest.raises(errors.KeyHolderUnreachable) as caught:
            call()
        assert caught.value.reason == "missing" and caught.value.mend
    there.make(3, "aes-256-gcm")
    with pytest.raises(errors.ContentDamaged):
        there.unwrap(3, [(PLACE, wrapped)])


@pytest.mark.control("C27")
def test_sm4_is_refused_and_makes_no_key(there: KeyHolder) -> None:
    """Clearly, with the way out."""
    with pytest.raises(errors.SuiteNotHeld) as caught:
        there.make(4, "sm4-gcm")
    assert caught.value.mend
    with pytest.raises(errors.KeyHolderUnreachable):
        there.wrap(4, [(PLACE, KEY)])


def test_signatures_are_those_of_the_public_key(there: KeyHolder) -> None:
    """Ed25519 as `cryptography` checks it, one key a number."""
    public, other = there.make_signing(1), there.make_signing(2)
    signature = there.sign(1, b"a checkpoint")
    assert public != other and len(signature) == 64
    Ed25519PublicKey.from_public_bytes(public).verify(signature, b"a checkpoint")
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(other).verify(signature, b"a checkpoint")
    with pytest.raises(errors.KeyHolderUnreachable):
        there.sign(99, b"a checkpoint")


def test_a_holder_that_hangs_is_given_up_and_used_again_later(place: Place, there: KeyHolder) -> None:
    """The caller gets a message that names it."""
    [wrapped] = there.wrap(1, [(PLACE, KEY)])
    with place.behind.hanging(), pytest.raises(errors.KeyHolderUnreachable) as caught:
        there.make(5, "aes-256-gcm")
    assert caught.value.reason == "away" and there.name in str(caught.value)
    assert there.unwrap(1, [(PLACE, wrapped)]) == [KEY]


def test_two_processes_at_once_make_one_key_and_use_it(
    place: Place, there: KeyHolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each finds the holder by the settings; what they wrapped opens here too."""
    monkeypatch.setenv("SUYUAN_KEYS", str(settings_file(tmp_path, {"elsewhere": place.settings})))
    command = [sys.executable, "-c", WORKER, "elsewhere"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate()[0].split() for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert said[0][0] == said[1][0]
    assert there.unwrap(7, [(bytes(16), bytes.fromhex(wrapped)) for _, wrapped in said]) == [bytes(32)] * 2


def test_a_forked_process_goes_on_with_a_connection_of_its_own(there: KeyHolder) -> None:
    """Web and background workers are forked from a process that has used the holder."""
    [wrapped] = there.wrap(1, [(PLACE, KEY)])
    child = os.fork()
    if not child:
        os._exit(0 if there.unwrap(1, [(PLACE, wrapped)] * 400) == [KEY] * 400 else 1)
    assert there.unwrap(1, [(PLACE, wrapped)] * 400) == [KEY] * 400
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    "told",
    [
        "not json", "[]", "{}", '{"installation": "UPPER", "holders": {}}', '{"installation": "a", "holders": {"a b": {}}}',
        '{"installation": "a", "holders": {"x": {"kind": "paper"}}}',
        '{"installation": "a", "holders": {"x": {"kind": "transit"}}}',
        '{"installation": "a", "holders": {"x": {"kind": "pkcs11", "module": "m", "token": "t", "pin_file": "p", "pin": "1"}}}',
        '{"installation": "a", "holders": {"x": {"kind": "transit", "address": "http://bao.example", "token_file": "t"}}}',
        '{"installation": "a", "holders": {"x": 1}}', '{"installation": "a", "holders": {"file": {}}}',
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used_are_told(told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with them, before any key is asked for."""
    path = tmp_path / "keys.json"
    path.write_text(told)
    monkeypatch.setenv("SUYUAN_KEYS", str(path))
    holder.holders.cache_clear()
    with pytest.raises(errors.KeySettingsWrong) as caught:
        holder.holders()
    assert caught.value.mend


def test_a_holder_that_the_settings_do_not_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without settings there is none."""
    monkeypatch.delenv("SUYUAN_KEYS", raising=False)
    holder.holders.cache_clear()
    assert holder.holders() == {}
    with pytest.raises(errors.KeySettingsWrong, match="elsewhere"):
        holder.holder("elsewhere")


def test_the_command_says_of_each_holder_whether_it_can_be_used(
    place: Place, there: KeyHolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an exit code for scripts; it never shows a token or PIN."""
    path = Path(place.settings.get("token_file") or place.settings["pin_file"])
    named = {
        "good": place.settings,
        "bad": place.settings | {"token_file" if "ca" in place.settings else "pin_file": "/none"},
    }
    for names, code in ((["good"], 0), (["good", "bad"], 1)):
        told = settings_file(tmp_path, {name: named[name] for name in names})
        monkeypatch.setenv("SUYUAN_KEYS", str(told))
        holder.holders.cache_clear()
        for options in ([], ["--json"]):
            result = CliRunner().invoke(root, ["vault", "holders", *options])
            assert result.exit_code == code and path.read_text() not in result.output
            assert all(name in result.output for name in names)
        wrong = [one["name"] for one in json.loads(result.output) if one["trouble"]]
        assert wrong == names[1:]
    holder.holders.cache_clear()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_token_or_pin_that_others_can_read_is_not_used(place: Place, there: KeyHolder, mode: int) -> None:
    """Mended by chmod 600."""
    path = Path(place.settings.get("token_file") or place.settings["pin_file"])
    settings = {name: value for name, value in place.settings.items() if name != "kind"}
    fresh = type(there)("fresh", "suyuan-donghai", **settings)  # type: ignore[call-arg]
    path.chmod(mode)
    try:
        with pytest.raises(errors.KeySettingsWrong, match="600"):
            fresh.wrap(1, [(PLACE, KEY)])
    finally:
        path.chmod(0o600)
    assert fresh.wrap(1, [(PLACE, KEY)])
