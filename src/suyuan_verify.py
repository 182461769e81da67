#!/usr/bin/env python3
"""Check a proof of one record, offline: `python3 suyuan_verify.py bundle.zip --key FINGERPRINT_OR_FILE`.

One file, Python 3.11, nothing to install, no server and no database. What it checks:

1. the checkpoint is signed (Ed25519, RFC 8032) by the key that was given from outside;
2. every ledger entry stands in the tree under that checkpoint (RFC 9162 inclusion proof);
3. every revision's digest follows from its header and the commitment of its content, and is the one in its entry;
4. the digests that reviewers signed follow from the revisions' digests;
5. every review has its entry, and its steps are in order and by different persons, none of them the author.

Exit code: 0 all of it holds, 1 something does not, 2 the bundle cannot be read.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import struct
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

FORMAT = "suyuan-proof-1"
ORIGIN = "suyuan/ledger"
LARGEST = 256 * 1024 * 1024  # bytes of proof.json; a zip that unpacks to more is no proof
COLLECT, AMEND, REVIEW = 1, 2, 12
_ENTRY = struct.Struct(">iqqhqqq16si16s32s?I")
_HEADER = struct.Struct(">16sihqqqq16sii?")
_CHINA = timezone(timedelta(hours=8))


class Unreadable(Exception):
    """The file is no proof, or not one of this format."""


class Result(NamedTuple):
    """One thing that was checked: whether it holds, what it was, and where it failed."""

    good: bool
    zh: str
    en: str


class Entry(NamedTuple):
    """A ledger entry as its bytes say it. `at` is microseconds since 1970 (UTC); ids are None where there is none."""

    writer: int
    n: int
    at: int
    act: int
    person: int
    ground: int
    agency: int
    record: str | None
    rev: int
    batch: str | None
    digest: str | None
    shown: list[str]
    detail: dict[str, Any]


# --- Ed25519 verification (RFC 8032, 5.1.7). Only public values are handled, so time may tell what it likes. ---

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_SQRT_M1 = pow(2, (_P - 1) // 4, _P)
Point = tuple[int, int, int, int]  # extended homogeneous coordinates


def _add(a: Point, b: Point) -> Point:
    p = (a[1] - a[0]) * (b[1] - b[0]) % _P
    q = (a[1] + a[0]) * (b[1] + b[0]) % _P
    r = 2 * a[3] * b[3] * _D % _P
    s = 2 * a[2] * b[2] % _P
    e, f, g, h = q - p, s - r, s + r, q + p
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point, scalar = _add(point, point), scalar >> 1
    return result


def _point(raw: bytes) -> Point | None:
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _SQRT_M1 % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) of `message` is by the key `public` (32 bytes)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, r, s = _point(public), _point(signature[:32]), int.from_bytes(signature[32:], "little")
    base = _point((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))
    if key is None or r is None or base is None or s >= _L:
        return False
    k = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % _L
    left, right = _times(s, base), _add(r, _times(k, key))
    return not ((left[0] * right[2] - right[0] * left[2]) % _P or (left[1] * right[2] - right[1] * left[2]) % _P)


# --- The tree ---


def included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` leads from the leaf hash at `index` to the root of a tree of `size` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    fn, sn, result = index, size - 1, leaf
    for step in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            result = sha256(b"\x01" + step + result).digest()
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            result = sha256(b"\x01" + result + step).digest()
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and result == root


def checkpoint(note: str, public: bytes) -> tuple[int, bytes] | None:
    """Size and root of a signed checkpoint, or None where its form, its key or its signature is wrong."""
    try:
        body, _, tail = note.partition("\n\n")
        origin, size, root = body.split("\n")
        raw = base64.b64decode(tail.removesuffix("\n").removeprefix(f"\u2014 {ORIGIN} "), validate=True)
        named = sha256(ORIGIN.encode() + b"\n\x01" + public).digest()[:4]
        good = origin == ORIGIN and raw[:4] == named and ed25519(public, f"{body}\n".encode(), raw[4:])
        return (int(size), base64.b64decode(root, validate=True)) if good else None
    except (ValueError, binascii.Error):
        return None


# --- What is checked ---


class Proof:
    """A bundle and the checks on it. `outside` is the key or its SHA-256 that came by another way, or empty."""

    def __init__(self, bundle: dict[str, Any], outside: str = "", newest: str = "") -> None:
        self._bundle, self._outside, self._newest = bundle, outside.strip().lower(), newest
        self._public = bytes.fromhex(bundle["public_key"])
        self.entries = [(one["index"], entry(base64.b64decode(one["encoded"]))) for one in bundle["entries"]]

    def check(self) -> Iterator[Result]:
        """Every check, in the order of the list above."""
        point = checkpoint(self._bundle["checkpoint"], self._public)
        yield from self._key(point[0] if point else 0)
        yield Result(point is not None, "检查点的签名有效", "the checkpoint's signature is good")
        if self._newest:
            told = self._newest.strip() == self._bundle["checkpoint"].strip()
            yield Result(told, "检查点与见证方保存的一致", "the checkpoint is the one that the witness holds")
        yield from self._included(*(point or (0, b"")))
        yield from self._revisions()
        for batch in self._bundle["batches"]:
            yield from self._batch(batch)
        yield from self._whole()

    def _key(self, size: int) -> Iterator[Result]:
        chain = self._bundle.get("handovers") or [{"public": self._public.hex(), "since": 0, "signature": ""}]
        good = chain[-1]["public"] == self._public.hex() and (chain[0]["since"], chain[0]["signature"]) == (0, "")
        good = good and all(map(_handed_over, chain, chain[1:]))
        good = good and (len(chain) == 1 or size > chain[-1]["since"])
        if len(chain) > 1:
            yield Result(good, f"签名密钥更换 {len(chain) - 1} 次，每次由前一把签发",
                         f"the signing key was renewed {len(chain) - 1} times, each time signed by the one before")  # fmt: skip
        if self._outside:
            held = [bytes.fromhex(one["public"]) for one in chain]
            known = {name for key in held for name in (key.hex(), sha256(key).hexdigest())} if good else set()
            yield Result(
                self._outside in known, "签名公钥与另行取得的一致", "the key is the one that was given from outside"
            )

    def _included(self, size: int, root: bytes) -> Iterator[Result]:
        for one in self._bundle["entries"]:
            leaf = sha256(b"\0" + base64.b64decode(one["encoded"]) + bytes.fromhex(one["mac"])).digest()
            path = [bytes.fromhex(step) for step in one["path"]]
            if not included(leaf, one["index"], size, path, root):
                where = f"{one['index']}"
                yield Result(False, f"账本第 {where} 号条目的存在证明不成立", f"entry {where} is not in the tree")
                return
        count = len(self._bundle["entries"])
        yield Result(count > 0, f"{count} 个条目均在检查点之下（账本共 {size} 条）",
                     f"{count} entries stand under the checkpoint (of {size})")  # fmt: skip

    def _revisions(self) -> Iterator[Result]:
        entered = {(one.record, one.rev): one.digest for _, one in self.entries if one.act in (COLLECT, AMEND)}
        for one in self._bundle["revisions"]:
            where, digest = f"r{one['rev']}", revision_digest(one)
            same = one["record"] == self._bundle["record"] and digest == one["digest"]
            yield Result(same, f"版本 {where} 的摘要由其各项与内容承诺得出",
                         f"revision {where}: its digest follows from header and commitment")  # fmt: skip
            inside = entered.get((one["record"], one["rev"])) == one["digest"]
            yield Result(inside, f"版本 {where} 的摘要已登记在账本", f"revision {where}: its digest is in the ledger")
            if "opened" in one:
                fits = sha256(base64.b64decode(one["opened"])).hexdigest() == one["commitment"]
                yield Result(
                    fits, f"版本 {where} 的内容与承诺相符", f"revision {where}: the content opens its commitment"
                )

    def _batch(self, batch: dict[str, Any]) -> Iterator[Result]:
        where, chunks = batch["batch"], batch["chunks"]
        mine = [one for one in self._bundle["revisions"] if one["batch"] == where]
        whole = sha256(b"".join(bytes.fromhex(one["digest"]) for one in chunks)).hexdigest() == batch["digest"]
        numbered = [one["chunk_no"] for one in chunks] == list(range(len(chunks)))
        held = all(_in_chunk(one, chunks) for one in mine)
        yield Result(whole and numbered and held, f"批次 {where} 的摘要由各版本的摘要得出",
                     f"batch {where}: its digest follows from those of the revisions")  # fmt: skip
        yield from self._decisions(batch)

    def _decisions(self, batch: dict[str, Any]) -> Iterator[Result]:
        decisions, where = batch["decisions"], batch["batch"]
        entered = {one.digest for _, one in self.entries if one.act == REVIEW and one.batch == where and not one.record}
        for one in decisions:
            good = decision_digest(where, one) in entered and one["digest"] == batch["digest"]
            yield Result(good, f"第 {one['step']} 次审核（{one['outcome']}）已登记，所签即该批次摘要",
                         f"review {one['step']} ({one['outcome']}) is in the ledger and signs the batch's digest")  # fmt: skip
        told = {decision_digest(where, one) for one in decisions}
        yield Result(entered <= told, "账本中的每次审核都在证明包内", "every review in the ledger is told")
        steps = [one["step"] for one in decisions]
        people = [one["reviewer"] for one in decisions]
        apart = len(set(people)) == len(people) and not set(people) & {one["author"] for one in decisions}
        yield Result(steps == list(range(1, len(steps) + 1)) and apart, "各次审核依次进行，采集人与审核人互不相同",
                     "the reviews are in order, by different persons, none of them the author")  # fmt: skip

    def _whole(self) -> Iterator[Result]:
        revs = [one["rev"] for one in self._bundle["revisions"]]
        batches = {one["batch"] for one in self._bundle["batches"]}
        closed = {one["batch"] for one in self._bundle["revisions"]} <= batches | self._open()
        told = {
            one.rev for _, one in self.entries if one.act in (COLLECT, AMEND) and one.record == self._bundle["record"]
        }
        yield Result(revs == list(range(1, len(revs) + 1)) and bool(revs) and told == set(revs) and closed,
                     f"{len(revs)} 个版本连续，无缺漏", f"{len(revs)} revisions without a gap")  # fmt: skip

    def _open(self) -> set[str]:
        """Batches that are not closed yet: nobody could have signed them."""
        closed = {one.batch for _, one in self.entries if one.act == 14 and one.batch}
        return {str(one["batch"]) for one in self._bundle["revisions"]} - {str(one) for one in closed}


def _handed_over(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether a signing key signed the one that followed it."""
    old, new = bytes.fromhex(before["public"]), bytes.fromhex(after["public"])
    said = f"suyuan signing key\n{old.hex()}\n{new.hex()}\n{int(after['since'])}\n".encode()
    return after["since"] >= before["since"] and ed25519(old, said, bytes.fromhex(after["signature"]))


def revision_digest(one: dict[str, Any]) -> str:
    """The digest that header and commitment give, in hex."""
    head = _HEADER.pack(
        UUID(one["record"]).bytes, one["rev"], one["level"], one["agency"], one["valid_from"], one["recorded_at"],
        one["author"], UUID(one["batch"]).bytes, one["seq"], one["row_no"], one["final"],
    ) + one["type"].encode()  # fmt: skip
    return sha256(sha256(head).digest() + bytes.fromhex(one["commitment"] or "")).hexdigest()


def decision_digest(batch: str, one: dict[str, Any]) -> str:
    """The digest under which a review is entered, in hex."""
    parts = (batch, one["step"], one["outcome"], one["reviewer"], one["author"], one["digest"], one["agency"],
             one["level"], one["at"], one["reason"])  # fmt: skip
    return sha256("|".join(map(str, parts)).encode()).hexdigest()


def entry(encoded: bytes) -> Entry:
    """An entry from the bytes that are hashed. Raises `struct.error` where they are too short."""
    writer, n, at, act, person, ground, agency, record, rev, batch, digest, has, count = _ENTRY.unpack_from(encoded)
    rest = encoded[_ENTRY.size :]
    shown = [str(UUID(bytes=rest[start : start + 16])) for start in range(0, count * 16, 16)]
    detail = json.loads(rest[count * 16 :] or b"{}")
    ids = [str(UUID(bytes=one)) if any(one) else None for one in (record, batch)]
    return Entry(
        writer, n, at, act, person, ground, agency, ids[0], rev, ids[1], digest.hex() if has else None, shown, detail
    )


def _in_chunk(one: dict[str, Any], chunks: Sequence[dict[str, Any]]) -> bool:
    number, place = divmod(one["seq"], 1_000_000)
    if number >= len(chunks) or "members" not in chunks[number]:
        return False
    members = chunks[number]["members"]
    made = sha256(b"".join(map(bytes.fromhex, members))).hexdigest()
    return bool(place < len(members) and members[place] == one["digest"] and made == chunks[number]["digest"])


# --- Reading and telling ---


def read(path: Path) -> dict[str, Any]:
    """The proof in a bundle. Raises `Unreadable`."""
    try:
        with zipfile.ZipFile(path) as file:
            info = file.getinfo("proof.json")
            if info.file_size > LARGEST:
                raise Unreadable("文件过大 too large")
            with file.open(info) as inside:
                bundle = json.loads(inside.read(LARGEST))
    except (OSError, KeyError, ValueError, RecursionError, zipfile.BadZipFile) as exc:
        raise Unreadable(str(exc)) from exc
    if not isinstance(bundle, dict) or bundle.get("format") != FORMAT:
        raise Unreadable("格式不符 another format")
    return bundle


def verify(bundle: dict[str, Any], outside: str = "", newest: str = "") -> list[Result]:
    """Every check on a bundle. Raises `Unreadable` where parts of it are missing or have the wrong form."""
    try:
        return list(Proof(bundle, outside, newest).check())
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, struct.error, RecursionError) as exc:
        raise Unreadable(f"{type(exc).__name__}: {exc}") from exc


def story(bundle: dict[str, Any]) -> Iterator[str]:
    """The entries as lines: when, who, what. Names come from the bundle and are not proved; numbers are."""
    names = bundle.get("names", {})
    for index, one in Proof(bundle).entries:
        at = datetime.fromtimestamp(one.at / 1e6, _CHINA).strftime("%Y-%m-%d %H:%M:%S")
        act = names.get("acts", {}).get(str(one.act), one.act)
        person = names.get("people", {}).get(str(one.person), "")
        yield f"  {index:>8}  {at}  {act}  人员 {one.person} {person}  事由 {one.ground}  机构 {one.agency}"


def _outside(said: str | None) -> str:
    """The key from the command line: itself, its fingerprint, or a file that holds either."""
    if not said:
        return ""
    path = Path(said)
    return path.read_text(encoding="utf-8").strip() if len(said) != 64 and path.is_file() else said


def main() -> int:
    """Check the bundle named on the command line."""
    parser = argparse.ArgumentParser(description="离线核验溯源证明包 Check a Suyuan proof offline")
    parser.add_argument("bundle", type=Path)
    parser.add_argument(
        "--key",
        metavar="KEY",
        help="另行取得的公钥、其 SHA-256，或存有它的文件 the key from outside, its SHA-256, or a file",
    )
    parser.add_argument(
        "--checkpoint", type=Path, metavar="NOTE", help="见证方保存的检查点 the checkpoint a witness holds"
    )
    parser.add_argument("--story", action="store_true", help="列出条目 list the entries")
    asked = parser.parse_args()
    try:
        bundle = read(asked.bundle)
        newest = asked.checkpoint.read_text(encoding="utf-8") if asked.checkpoint else ""
        results = verify(bundle, _outside(asked.key), newest)
        lines = list(story(bundle)) if asked.story else []
    except (Unreadable, OSError) as exc:
        print(f"✗ 无法读取 cannot be read: {exc}", file=sys.stderr)
        return 2
    print(f"记录 record {bundle['record']}")
    for one in results:
        print(f"{'✓' if one.good else '✗'} {one.zh} · {one.en}")
    print("\n".join(lines)) if lines else None
    if not asked.key:
        print("! 未提供另行取得的公钥：以上只说明证明包自身一致 · no key from outside: this shows inner agreement only")
    bad = sum(not one.good for one in results)
    print("核验通过 · it holds" if not bad else f"核验不通过：{bad} 项 · {bad} checks failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
