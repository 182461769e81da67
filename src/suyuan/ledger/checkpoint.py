"""Signed checkpoints in the C2SP tlog-checkpoint form: origin, size, root, then an Ed25519 signature line."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from suyuan.ledger.keys import KeySource, Signer

ORIGIN = "suyuan/ledger"
_ED25519 = b"\x01"


class Checkpoint(NamedTuple):
    """How long the log is and what its root is."""

    size: int
    root: bytes


def _body(checkpoint: Checkpoint) -> str:
    return f"{ORIGIN}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n"


def key_id(public_key: bytes) -> bytes:
    """Four bytes that name the signing key in a note (C2SP signed-note)."""
    return sha256(ORIGIN.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def key_id_of(note: str) -> bytes | None:
    """The four bytes that name the key a note says it is signed by; None where it has no signature line."""
    mark = f"\u2014 {ORIGIN} "
    line = note.partition("\n\n")[2]
    try:
        return (
            base64.b64decode(line.removesuffix("\n").removeprefix(mark), validate=True)[:4]
            if line.startswith(mark)
            else None
        )
    except ValueError:
        return None


def sign(checkpoint: Checkpoint, keys: KeySource) -> str:
    """The checkpoint as a signed note."""
    body = _body(checkpoint)
    signature = key_id(keys.signers()[-1].public) + keys.sign(body.encode())
    return f"{body}\n\u2014 {ORIGIN} {base64.b64encode(signature).decode()}\n"


def read(note: str, signers: Sequence[Signer]) -> Checkpoint | None:
    """The checkpoint in a note, or None when its form or its signature is wrong, or the key was not the one of its time."""
    signer = signer_of(note, signers)
    try:
        body, _, tail = note.partition("\n\n")
        origin, size, root = body.split("\n")
        checkpoint = Checkpoint(int(size), base64.b64decode(root, validate=True))
        raw = base64.b64decode(tail.removesuffix("\n").removeprefix(f"\u2014 {ORIGIN} "), validate=True)
        if signer is None or not in_its_time(signer, signers, checkpoint.size):
            return None
        Ed25519PublicKey.from_public_bytes(signer.public).verify(raw[4:], _body(checkpoint).encode())
    except (ValueError, InvalidSignature):
        return None
    return checkpoint if origin == ORIGIN and note == sign_text(checkpoint, raw) else None


def signer_of(note: str, signers: Sequence[Signer]) -> Signer | None:
    """The one of `signers` that a note says it is signed by."""
    named = key_id_of(note)
    return next((one for one in signers if key_id(one.public) == named), None)


def in_its_time(signer: Signer, signers: Sequence[Signer], size: int) -> bool:
    """Whether a checkpoint of that size is one that `signer` was to sign: after the key before it, up to the key after it."""
    place = list(signers).index(signer)
    begun = place == 0 or size > signer.since
    return begun and (place + 1 == len(signers) or size <= signers[place + 1].since)


def sign_text(checkpoint: Checkpoint, signature: bytes) -> str:
    """The one text a checkpoint with this signature has: notes are compared with it byte by byte."""
    return f"{_body(checkpoint)}\n\u2014 {ORIGIN} {base64.b64encode(signature).decode()}\n"
