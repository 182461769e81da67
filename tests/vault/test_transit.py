"""A transit service: it keeps its keys, and what happens when it is away, sealed, or refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hvac
import pytest

from key_places import PREFIX, Bao, bao
from suyuan.vault import errors
from suyuan.vault.transit import Transit

PLACE, KEY = b"p" * 16, b"k" * 32
pytestmark = pytest.mark.clause("5.2.1")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bao]:
    """A server for the tests that leave it running."""
    with bao(tmp_path_factory.mktemp("bao")) as running:
        yield running


@pytest.fixture
def there(service: Bao) -> Transit:
    """A holder with a token of its own and key 1."""
    made = service.holder(service.token())
    made.make(1, "aes-256-gcm")
    return made


def refused(call: Any) -> str:
    """The reason for which a call ends."""
    with pytest.raises(errors.KeyHolderUnreachable) as caught:
        call()
    assert caught.value.mend
    return caught.value.reason


@pytest.mark.control("C27")
def test_the_keys_cannot_be_exported_even_by_the_administrator(service: Bao, there: Transit) -> None:
    """Neither as keys nor as a backup, nor deleted by accident."""
    there.make_signing(1)
    transit = service.root.secrets.transit
    for name, kind in ((f"{PREFIX}-1", "encryption-key"), (f"{PREFIX}-sign-1", "signing-key")):
        with pytest.raises(hvac.exceptions.InvalidRequest, match="not exportable"):
            transit.export_key(name, kind)
        with pytest.raises(hvac.exceptions.VaultError, match="disallowed"):
            transit.backup_key(name)
        with pytest.raises(hvac.exceptions.InvalidRequest, match="not allowed"):
            transit.delete_key(name)


def test_a_key_that_somebody_made_exportable_is_not_used(service: Bao, there: Transit) -> None:
    """Nor one of another kind under our name."""
    service.root.secrets.transit.create_key(f"{PREFIX}-8", key_type="aes256-gcm96", exportable=True)
    service.root.secrets.transit.create_key(f"{PREFIX}-9", key_type="chacha20-poly1305")
    for key_id in (8, 9):
        with pytest.raises(errors.KeyUnfit, match=f"{PREFIX}-{key_id}"):
            there.make(key_id, "aes-256-gcm")


def test_a_key_rotated_in_the_service_goes_on_as_it_was(service: Bao, there: Transit) -> None:
    """Only its first version is used: which key is used is for the installation to say."""
    [before] = there.wrap(1, [(PLACE, KEY)])
    public = there.make_signing(6)
    for name in (f"{PREFIX}-1", f"{PREFIX}-sign-6"):
        service.root.secrets.transit.rotate_key(name)
    [after] = there.wrap(1, [(PLACE, KEY)])
    assert there.unwrap(1, [(PLACE, before), (PLACE, after)]) == [KEY, KEY]
    assert there.make_signing(6) == public and len(there.sign(6, b"a checkpoint")) == 64


def test_a_revoked_token_is_refused_until_the_file_has_another(service: Bao) -> None:
    """The running process takes the new one up."""
    first = service.token()
    there = service.holder(first)
    there.make(1, "aes-256-gcm")
    service.root.auth.token.revoke(first)
    assert refused(lambda: there.wrap(1, [(PLACE, KEY)])) == "refused"
    (service.folder / "token").write_text(service.token())
    assert there.wrap(1, [(PLACE, KEY)])


def test_a_token_may_not_do_more_than_the_documented_policy(service: Bao) -> None:
    """Keys of others, and everything else of the service, stay closed to it."""
    client = hvac.Client(service.address, token=service.token(), verify=str(service.ca))
    service.root.secrets.transit.create_key("of-somebody-else")
    for call in (
        lambda: client.secrets.transit.read_key("of-somebody-else"),
        lambda: client.secrets.transit.export_key(f"{PREFIX}-1", "encryption-key"),
        client.sys.list_policies,
    ):
        with pytest.raises(hvac.exceptions.Forbidden):
            call()


def test_a_token_is_renewed_when_half_its_life_is_over(service: Bao, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not before."""
    token = service.token(period="1h")
    there = service.holder(token)

    def renewed() -> bool:
        return "last_renewal_time" in service.root.auth.token.lookup(token)["data"]

    there.make(1, "aes-256-gcm")
    assert not renewed()
    real = time.monotonic
    monkeypatch.setattr("suyuan.vault.transit.time.monotonic", lambda: real() + 1900)
    there.wrap(1, [(PLACE, KEY)])
    assert renewed()


def test_a_token_that_cannot_be_renewed_is_used_as_it_is(service: Bao, monkeypatch: pytest.MonkeyPatch) -> None:
    """A root or batch token lives as long as it lives."""
    there = service.holder(service.token(ttl="1h", renewable=False))
    there.make(1, "aes-256-gcm")
    real = time.monotonic
    monkeypatch.setattr("suyuan.vault.transit.time.monotonic", lambda: real() + 3000)
    assert there.wrap(1, [(PLACE, KEY)])


def test_no_error_is_made_that_holds_the_sound_items_of_a_damaged_batch(
    there: Transit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library's own errors carry the answer; ours ask for one that is none."""
    made: list[str] = []
    real = hvac.exceptions.VaultError.__init__

    def noted(self: Any, *told: Any, **more: Any) -> None:
        made.append(repr((told, more)))
        real(self, *told, **more)

    sound, other = there.wrap(1, [(PLACE, b"canary-of-a-data-key-32-bytes-ab"), (PLACE, KEY)])
    monkeypatch.setattr(hvac.exceptions.VaultError, "__init__", noted)
    with pytest.raises(errors.ContentDamaged):
        there.unwrap(1, [(PLACE, sound), (b"q" * 16, other)])
    assert "Y2FuYXJ5" not in "".join(made)


def test_a_service_that_nobody_vouches_for_is_not_spoken_to(service: Bao, tmp_path: Path) -> None:
    """The usual authorities do not know it; a file that is not there is told as such."""
    token = service.token()
    assert refused(lambda: service.holder(token, ca=None).wrap(1, [(PLACE, KEY)])) == "untrusted"
    with pytest.raises(errors.KeySettingsWrong, match="none"):
        service.holder(token, ca=str(tmp_path / "none.pem")).wrap(1, [(PLACE, KEY)])


def test_a_wrong_mount_or_answer_is_told(service: Bao) -> None:
    """Where there is no transit engine there is no key."""
    token = service.token()
    there = service.holder(token, mount="elsewhere")
    assert refused(lambda: there.unwrap(1, [(PLACE, b"w" * 60)])) in ("missing", "refused")
    closed = service.holder(token, address="https://127.0.0.1:1")
    assert refused(lambda: closed.wrap(1, [(PLACE, KEY)])) == "away"


def test_a_sealed_service_is_told_and_used_when_it_is_open_again(tmp_path: Path) -> None:
    """Its administrator seals and unseals it."""
    with bao(tmp_path) as service:
        there = service.holder(service.token())
        there.make(1, "aes-256-gcm")
        [wrapped] = there.wrap(1, [(PLACE, KEY)])
        with service.away():
            assert refused(lambda: there.unwrap(1, [(PLACE, wrapped)])) == "sealed"
        assert there.unwrap(1, [(PLACE, wrapped)]) == [KEY]


def test_a_service_that_stops_in_the_middle_of_a_batch_ends_it(tmp_path: Path) -> None:
    """Nothing of the batch is given out."""

    class Stopping(list[tuple[bytes, bytes]]):
        def __getitem__(self, part: Any) -> Any:
            if part.start:
                service.stop()
            return super().__getitem__(part)

    with bao(tmp_path) as service:
        there = service.holder(service.token())
        there.make(1, "aes-256-gcm")
        assert len(there.wrap(1, [(PLACE, KEY)] * 1000)) == 1000
        assert refused(lambda: there.wrap(1, Stopping([(PLACE, KEY)] * 1000))) == "away"
        assert refused(lambda: there.wrap(1, [(PLACE, KEY)])) == "away"
