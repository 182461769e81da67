"""A PKCS#11 token: it keeps its keys, and what happens when it is taken out, or its PIN is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType, ObjectClass

from key_places import MODULE, PIN, PREFIX, SoftToken, soft_token
from suyuan.vault import errors
from suyuan.vault.module import module
from suyuan.vault.token import Token

PLACE, KEY = b"p" * 16, b"k" * 32
pytestmark = pytest.mark.clause("5.2.1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one folder of tokens of this process."""
    return tmp_path_factory.mktemp("tokens")


@pytest.fixture
def token(folder: Path, request: pytest.FixtureRequest) -> SoftToken:
    """A token of its own for each test."""
    return soft_token(folder, str(abs(hash(request.node.name))))


@pytest.fixture
def there(token: SoftToken) -> Token:
    """A holder with key 1 in the token."""
    made = token.holder()
    made.make(1, "aes-256-gcm")
    return made


def refused(call: Any) -> str:
    """The reason for which a call ends."""
    with pytest.raises(errors.KeyHolderUnreachable) as caught:
        call()
    assert caught.value.mend
    return caught.value.reason


def objects(token: SoftToken) -> list[Any]:
    """The keys of the token that have a secret half, seen by whoever knows the PIN."""
    place = pkcs11.lib(str(MODULE)).get_token(token_label=token.label)
    try:
        session = place.open(user_pin=PIN)
    except pkcs11.UserAlreadyLoggedIn:
        session = place.open()
    return [one for kind in (ObjectClass.SECRET_KEY, ObjectClass.PRIVATE_KEY)
            for one in session.get_objects({Attribute.CLASS: kind})]  # fmt: skip


@pytest.mark.control("C27")
def test_the_keys_cannot_be_taken_out(there: Token, token: SoftToken) -> None:
    """Not even by whoever knows the PIN."""
    there.make_signing(1)
    found = objects(token)
    assert {one.label for one in found} == {f"{PREFIX}-1", f"{PREFIX}-sign-1"}
    for key in found:
        assert key[Attribute.NEVER_EXTRACTABLE] and key[Attribute.ALWAYS_SENSITIVE]
        with pytest.raises(pkcs11.AttributeSensitive):
            assert key[Attribute.VALUE]


def test_a_key_that_can_be_taken_out_is_not_used(there: Token, token: SoftToken) -> None:
    """Whoever put it there under our name; nor two of one name."""
    session = pkcs11.lib(str(MODULE)).get_token(token_label=token.label).open(rw=True)
    open_one = {Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: False}
    session.generate_key(KeyType.AES, 256, label=f"{PREFIX}-8", store=True, template=open_one)
    with pytest.raises(errors.KeyUnfit, match=f"{PREFIX}-8"):
        there.make(8, "aes-256-gcm")
    session.generate_key(KeyType.AES, 256, label=f"{PREFIX}-1", store=True)
    assert refused(lambda: token.holder().wrap(1, [(PLACE, KEY)])) == "odd"


def test_a_token_taken_out_is_told_and_used_when_it_is_back(there: Token, token: SoftToken) -> None:
    """The process logs in anew by itself."""
    [wrapped] = there.wrap(1, [(PLACE, KEY)])
    with token.away():
        assert refused(lambda: there.unwrap(1, [(PLACE, wrapped)])) == "away"
        assert refused(lambda: there.wrap(1, [(PLACE, KEY)])) == "away"
    assert there.unwrap(1, [(PLACE, wrapped)]) == [KEY]
    assert there.wrap(1, [(PLACE, KEY)])


def test_a_token_taken_out_in_the_middle_of_a_batch_ends_it(there: Token, token: SoftToken) -> None:
    """Nothing of the batch is given out."""

    class TakingOut(list[tuple[bytes, bytes]]):
        def __iter__(self) -> Any:
            for n, one in enumerate(super().__iter__()):
                if n == 500 and not away:
                    away.append(token.away())
                    away[0].__enter__()
                yield one

    away: list[Any] = []
    try:
        assert refused(lambda: there.wrap(1, TakingOut([(PLACE, KEY)] * 1000))) == "away"
    finally:
        away[0].__exit__(None, None, None)
    assert len(there.wrap(1, [(PLACE, KEY)] * 1000)) == 1000


def test_a_wrong_pin_is_refused_and_tried_once(there: Token, token: SoftToken) -> None:
    """Tokens lock after a few wrong ones; another one in the file is taken up."""
    module(str(MODULE)).restart()  # whoever was logged in no longer is
    wrong = token.holder("11112222")
    assert refused(lambda: wrong.wrap(1, [(PLACE, KEY)])) == "refused"
    place = pkcs11.lib(str(MODULE)).get_token(token_label=token.label)
    with place.open(rw=True, user_pin=PIN) as session:
        session.set_pin(PIN, "11112222")
    # Were it tried again, it would now be right.
    assert refused(lambda: wrong.wrap(1, [(PLACE, KEY)])) == "refused"
    with place.open(rw=True, user_pin="11112222") as session:
        session.set_pin("11112222", "33334444")
    token.settings("33334444")
    assert wrong.wrap(1, [(PLACE, KEY)])


def test_two_tokens_of_one_module_are_used_in_turn(folder: Path, there: Token) -> None:
    """As when keys move from one to the other; neither loses its session for the other's."""
    other = soft_token(folder, "another").holder()
    other.make(1, "aes-256-gcm")
    for _ in range(3):
        for mine, theirs in ((there, other), (other, there)):
            [wrapped] = mine.wrap(1, [(PLACE, KEY)])
            assert mine.unwrap(1, [(PLACE, wrapped)]) == [KEY]
            with pytest.raises(errors.ContentDamaged):
                theirs.unwrap(1, [(PLACE, wrapped)])


def test_a_module_or_token_that_is_not_there_is_told(token: SoftToken) -> None:
    """By name, without its PIN."""
    for settings in ({"module": "/nowhere/module.so"}, {"token": "of-nobody"}):
        there = token.holder(**settings)
        assert refused(lambda there=there: there.wrap(1, [(PLACE, KEY)])) == "away"
