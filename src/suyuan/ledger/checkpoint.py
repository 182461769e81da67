"""Signed checkpoints in the C2SP tlog-checkpoint form: origin, size, root, then an Ed25519 signature line."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from suyuan import formats
from suyuan.formats import ORIGIN
from suyuan.ledger.keys import KeySource, Signer


class Checkpoint(NamedTuple):
    """How long the log is and what its root is."""

    size: int
    root: bytes


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
    signed = keys.sign(formats.checkpoint(*checkpoint).encode())
    return formats.note(*checkpoint, formats.key_name(keys.signers()[-1].public) + signed)


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
        Ed25519PublicKey.from_public_bytes(signer.public).verify(raw[4:], formats.checkpoint(*checkpoint).encode())
    except (ValueError, InvalidSignature):
        return None
    return checkpoint if origin == ORIGIN and note == formats.note(*checkpoint, raw) else None


def signer_of(note: str, signers: Sequence[Signer]) -> Signer | None:
    """The one of `signers` that a note says it is signed by."""
    named = key_id_of(note)
    return next((one for one in signers if formats.key_name(one.public) == named), None)


def in_its_time(signer: Signer, signers: Sequence[Signer], size: int) -> bool:
    """Whether a checkpoint of that size is one that `signer` was to sign: after the key before it, up to the key after it."""
    place = list(signers).index(signer)
    begun = place == 0 or size > signer.since
    return begun and (place + 1 == len(signers) or size <= signers[place + 1].since)
