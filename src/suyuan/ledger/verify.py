"""Checking the log: every leaf from its entry, every MAC, every counter, tile, root, signature and witness."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any
from uuid import UUID

import psycopg

from suyuan.formats import arrival, entry_code, leaf_hash
from suyuan.installation import current
from suyuan.ledger import keys, pruning, witness
from suyuan.ledger.checkpoint import Checkpoint, in_its_time, key_id_of, read, signer_of
from suyuan.ledger.clock import doubtful
from suyuan.ledger.faults import Fault
from suyuan.ledger.keys import Signer
from suyuan.ledger.merkle import Frontier
from suyuan.ledger.sequencer import bytes_of, loader
from suyuan.ledger.tiles import HASH, WIDTH, grow
from suyuan.ledger.witness import Held

_BATCH = 256 * 64
_COLUMNS = "e.writer, e.n, e.at, e.act, e.person, e.ground, e.agency, e.record, e.rev, e.batch, e.digest, e.shown, e.detail::text, e.mac"

_PLAIN = _COLUMNS.replace("e.record", "uuid_send(e.record)").replace("e.batch", "uuid_send(e.batch)")


Check = Callable[[], Iterable[Fault]]
_checks: list[Check] = []


def register(check: Check) -> None:
    """Let a higher room's check run with `verify`."""
    if check not in _checks:
        _checks.append(check)


def verify() -> Iterator[Fault]:
    """Everything: the log itself, then what other rooms check against it."""
    about: dict[str, str] = {}  # what faulty entries speak of, and where those entries are
    keys.source().mac_key()  # under other keys than the log's there is nothing to check, and that is said
    for check in (verify_log, *_checks):
        try:
            for fault in check():
                about |= dict.fromkeys(fault.about, fault.where)
                yield fault if fault.follows else fault._replace(follows=_entry_about(fault, about))
        except psycopg.OperationalError:
            raise
        except Exception as exc:
            # What was written over may be no value at all; that is a finding, and the other checks go on.
            where = f"{check.__name__.removeprefix('verify_')}: {type(exc).__name__}"
            zh, en = (
                "存储的内容无法读取，此项核对未能完成",
                "stored values cannot be read: this check could not be finished",
            )
            yield Fault("verify.unreadable", where, zh, en)


def _entry_about(fault: Fault, about: dict[str, str]) -> str:
    """Where the faulty entry is that speaks of what this fault is in; empty where there is none."""
    found = about.get(fault.where) or about.get(fault.where.partition(" ")[0], "")
    return "" if found == fault.where else found


def hints() -> Iterator[Fault]:
    """What is odd and yet no fault: entries made under a clock that may have been wrong."""
    with psycopg.connect(current().database("sequencer")) as connection:
        yield from doubtful(connection)


def verify_log() -> Iterator[Fault]:
    """Faults in the log itself.

    The witnesses' notes are read before the snapshot, since the log goes on growing while people work: of two
    things that are compared, the one that may lag behind the other is read first.
    """
    notes = witness.kept()
    with psycopg.connect(current().database("sequencer")) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        pruned, faults = pruning.lawful(connection)
        yield from faults
        yield from _counters(connection, pruned)
        yield from _sequenced(connection)
        yield from _closed(connection)
        yield from _waiting(connection)
        yield from _tree(connection, pruned, notes)


def _counters(connection: psycopg.Connection, pruned: list[int]) -> Iterator[Fault]:
    """Each writer's numbers have no gap: every number has its entry, or a leaf that a lawful pruning names."""
    rows = connection.execute(
        """SELECT coalesce(w.writer, e.writer), coalesce(w.n, 0), coalesce(e.highest, 0), coalesce(e.entries, 0)
           FROM ledger_writer w FULL JOIN (
               SELECT writer, max(n) AS highest, count(*) AS entries FROM (
                   SELECT writer, n FROM ledger_entry
                   UNION SELECT l.writer, l.n FROM ledger_pruning p CROSS JOIN unnest(p.leaves) r
                         JOIN ledger_leaf l ON l.index >= lower(r) AND l.index < upper(r) WHERE p.pruning = ANY(%s)) known
               GROUP BY writer) e
             ON e.writer = w.writer
           WHERE w.writer IS NULL OR w.n <> coalesce(e.highest, 0) OR w.n <> coalesce(e.entries, 0)""",
        [pruned],
    )
    for writer, counter, highest, entries in rows.fetchall():
        where = f"writer {writer}: counter {counter}, highest entry {highest}, entries {entries}"
        if entries < highest:
            zh, en = "写入者的条目中间有缺号", "entries of a writer are missing in between"
            yield Fault("ledger.sequence_gap", where, zh, en)
        if counter != highest:
            zh, en = (
                "写入者最后的条目缺失，或计数器被改动",
                "the last entries of a writer are missing, or its counter was changed",
            )
            yield Fault("ledger.entries_missing", where, zh, en)


def _sequenced(connection: psycopg.Connection) -> Iterator[Fault]:
    """What had its place in the tree must have it still: a tail that was cut off leaves the count of what was taken."""
    rows = connection.execute(
        """SELECT coalesce(s.writer, l.writer), coalesce(s.n, 0), coalesce(l.n, 0) FROM ledger_sequenced s
           FULL JOIN (SELECT writer, max(n) AS n FROM ledger_leaf GROUP BY 1) l ON l.writer = s.writer
           WHERE s.n IS DISTINCT FROM coalesce(l.n, 0)"""
    )
    for writer, taken, placed in rows.fetchall():
        where = f"writer {writer}: {taken} sequenced, {placed} in the tree"
        yield Fault(
            "ledger.tail_cut",
            where,
            "已编入哈希树的条目被截去",
            "entries that had their place in the tree were cut off",
        )


def _closed(connection: psycopg.Connection) -> Iterator[Fault]:
    """A closed writer waits for nothing: closed before its time, its last entries would never have a place."""
    rows = connection.execute(
        """SELECT w.writer, w.n FROM ledger_writer w LEFT JOIN ledger_sequenced s USING (writer)
           WHERE NOT w.open AND w.n <> coalesce(s.n, 0)"""
    )
    for writer, counter in rows.fetchall():
        zh, en = (
            "写入者被提前关闭，其条目不会编入哈希树",
            "a writer was closed while entries of it had no place in the tree",
        )
        yield Fault("ledger.writer_closed", f"writer {writer}: counter {counter}", zh, en)


def _waiting(connection: psycopg.Connection) -> Iterator[Fault]:
    """Entries that have no place: bound all the same, and only those that the sequencer has not come to."""
    key = keys.source().mac_key()
    rows = connection.execute(
        f"SELECT e.n <= coalesce(s.n, 0), {_COLUMNS} FROM ledger_entry e LEFT JOIN ledger_sequenced s ON s.writer = e.writer "
        "WHERE NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.writer = e.writer AND l.n = e.n)"
    )
    for placed, *columns in rows:
        encoded, mac, read = bytes_of(columns)
        writer, number = columns[:2]
        if placed:
            where = f"entry {writer}:{number}"
            yield Fault(
                "ledger.leaf_missing", where, "条目失去了在哈希树中的位置", "the entry lost its place in the tree"
            )
        if not read:
            yield _unreadable(writer, number)
        elif entry_code(encoded, key) != mac:
            yield _altered(writer, number)


def _unreadable(writer: int, number: int) -> Fault:
    zh, en = "条目无法读取", "the entry cannot be read"
    return Fault("ledger.entry_unreadable", f"entry {writer}:{number}", zh, en)


def _altered(writer: int, number: int, about: tuple[str, ...] = ()) -> Fault:
    where = f"entry {writer}:{number}"
    return Fault("ledger.entry_altered", where, "条目被改动", "the entry was changed", about=about)


class _Broken:
    """Leaves that are not what they were, in the order of the tree: other faults follow from them."""

    def __init__(self) -> None:
        self._places: list[tuple[int, str]] = []

    def add(self, index: int, fault: Fault) -> None:
        """Remember what is wrong with a leaf."""
        self._places.append((index, fault.where))

    def within(self, start: int, end: int) -> str:
        """Where the first broken leaf from `start` to `end` (exclusive) is; empty where all are whole."""
        return next((where for index, where in self._places if start <= index < end), "")

    def tile(self, level: int, index: int) -> str:
        """The same for the leaves that lie under one tile."""
        width: int = WIDTH ** (level + 1)
        return self.within(index * width, (index + 1) * width)


def _tree(connection: psycopg.Connection, pruned: list[int], notes: Iterable[Held]) -> Iterator[Fault]:
    signers = keys.source().signers()
    points = _checkpoints(connection)
    tree, load, broken = Frontier(), loader(connection), _Broken()
    tiles: dict[tuple[int, int], bytes] = {}
    roots: dict[int, bytes] = {0: tree.root()}
    sizes = {size for size, _, _ in points} | _witness_sizes(notes, signers)
    wanted = sorted(size for size in sizes if size > 0)
    for leaves, faults in _leaves(connection, pruned, load, broken):
        yield from faults
        for level, index, hashes in grow(lambda lv, ix: tiles.get((lv, ix), b""), tree.size, leaves):
            tiles[level, index] = hashes
        left = leaves
        while wanted and wanted[0] <= tree.size + len(left):
            count = wanted[0] - tree.size
            tree.extend(left[:count])
            left, roots[wanted.pop(0)] = left[count:], tree.root()
        tree.extend(left)
        yield from _full_tiles(load, tiles, broken)
    for place, hashes in tiles.items():
        if (stored := load(*place)) != hashes:
            yield _tile(*place, stored, hashes, broken)
    yield from _strange_tiles(connection, tree.size)
    yield from _points(points, roots, tree.size, signers, broken)
    yield from _witnesses(notes, roots, tree, signers, broken)


def _witness_sizes(notes: Iterable[Held], signers: Sequence[Signer]) -> set[int]:
    """Sizes at which a witness knows the root: a rebuilt log may have dropped the checkpoint of that size."""
    texts = [held.note for held in notes if held.note is not None]
    return {signed.size for text in texts if (signed := read(text, signers)) and signed.size}


def _leaves(
    connection: psycopg.Connection, pruned: list[int], load: Callable[[int, int], bytes], broken: _Broken
) -> Iterator[tuple[list[bytes], list[Fault]]]:
    """Leaf hashes from the entries; of what was lawfully pruned from the tree itself, which the signed root then bears out."""
    with connection.cursor("verify", binary=True) as cursor:
        cursor.itersize = _BATCH
        cursor.execute(
            f"SELECT l.index, l.writer, l.n, coalesce(l.index <@ p.leaves, false), {_PLAIN} FROM ledger_leaf l "
            "LEFT JOIN ledger_entry e ON e.writer = l.writer AND e.n = l.n CROSS JOIN (SELECT range_agg(r) AS leaves "
            "FROM ledger_pruning, unnest(leaves) r WHERE pruning = ANY(%s)) p ORDER BY l.index",
            [pruned],
        )
        leaf, expected = _leaf_reader(load), 0
        while rows := cursor.fetchmany(_BATCH):
            leaves, faults = [], []
            for index, *row in rows:
                if index != expected:
                    zh, en = "哈希树的叶子缺失", "a leaf of the tree is missing"
                    faults.append(Fault("ledger.leaf_missing", f"leaf {expected} before leaf {index}", zh, en))
                    broken.add(expected, faults[-1])
                expected = index + 1
                found, fault = leaf(index, row)
                leaves.append(found)
                if fault:
                    faults.append(fault)
                    broken.add(index, fault)
            yield leaves, faults


def _leaf_reader(load: Callable[[int, int], bytes]) -> Callable[[int, Sequence[Any]], tuple[bytes, Fault | None]]:
    """Returns what makes the hash of a leaf from its row, and says what is wrong with the entry under it."""
    key, tile = keys.source().mac_key(), lru_cache(maxsize=2)(lambda index: load(0, index))

    def leaf(index: int, row: Sequence[Any]) -> tuple[bytes, Fault | None]:
        writer, number, gone, *columns = row
        if columns[0] is None and gone:
            return tile(index // WIDTH)[index % WIDTH * HASH :][:HASH].ljust(HASH, b"\0"), None
        if columns[0] is None:
            where = f"entry {writer}:{number}"
            return bytes(32), Fault("ledger.entry_missing", where, "条目已不存在", "the entry is gone")
        encoded, mac, read = _encoded(columns)
        if not read:
            return leaf_hash(encoded, mac), _unreadable(writer, number)
        same = entry_code(encoded, key) == mac
        return leaf_hash(encoded, mac), None if same else _altered(writer, number, _about(columns))

    return leaf


def _about(columns: Sequence[Any]) -> tuple[str, ...]:
    """What an entry speaks of, as other checks name it."""
    record, rev, batch = columns[7], columns[8], columns[9]
    detail = json.loads(columns[12]) if columns[12] else None
    names = [f"{UUID(bytes=record)} r{rev}"] if record and rev is not None else []
    names += [str(UUID(bytes=batch))] if batch and not record else []
    if isinstance(detail, dict):
        rows = detail.get("rows")
        names += list(rows) if isinstance(rows, dict) else []
        names += [f"export {detail['export']}"] if "export" in detail else []
    return tuple(names)


def _encoded(columns: Sequence[Any]) -> tuple[bytes, bytes, bool]:
    """`bytes_of` a stored entry; of entries about one revision, which most are, without making the entry."""
    writer, n, at, act, person, ground, agency, record, rev, batch, digest, shown, detail, mac = columns
    if shown is None and detail is None and None not in (record, rev, batch, digest):
        return arrival(writer, n, at, act, person, ground, agency, record, rev, batch, digest), mac, True
    ids = [UUID(bytes=one) if one else None for one in (record, batch)]
    return bytes_of((writer, n, at, act, person, ground, agency, ids[0], rev, ids[1], digest, shown, detail, mac))


def _full_tiles(
    load: Callable[[int, int], bytes], tiles: dict[tuple[int, int], bytes], broken: _Broken
) -> Iterator[Fault]:
    # Complete tiles never change again: compare and forget them, so that memory stays flat.
    newest = {level: max(index for lv, index in tiles if lv == level) for level in {lv for lv, _ in tiles}}
    for level, index in [place for place in tiles if place[1] < newest[place[0]]]:
        hashes, stored = tiles.pop((level, index)), load(level, index)
        if stored != hashes:
            yield _tile(level, index, stored, hashes, broken)


def _tile(level: int, index: int, stored: bytes, hashes: bytes, broken: _Broken) -> Fault:
    """A tile that is not what its leaves make it; at the bottom of the tree, by the leaves that differ."""
    where = f"tile {level}/{index}"
    if level == 0:
        places = (
            place for place in range(0, len(hashes), 32) if stored[place : place + 32] != hashes[place : place + 32]
        )
        where += "".join(f" leaf {index * 256 + place // 32}" for place in islice(places, 4))
    zh, en = "哈希树的节点被改动", "a tile of the tree was changed"
    return Fault("ledger.tile_altered", where, zh, en, follows=broken.tile(level, index))


def _strange_tiles(connection: psycopg.Connection, size: int) -> Iterator[Fault]:
    """Tiles that a tree of that size does not have."""
    rows = connection.execute(
        "SELECT level, index FROM ledger_tile WHERE level < 0 OR level > 7 OR index < 0 "
        "OR index * 256 >= %s / (256 ^ greatest(0, least(level, 7)))::numeric::bigint",
        [size],
    )
    for level, index in rows.fetchall():
        zh, en = "多出的哈希树节点", "a tile that the tree does not have"
        yield Fault("ledger.tile_altered", f"tile {level}/{index}", zh, en)


def _checkpoints(connection: psycopg.Connection) -> list[tuple[int, bytes, str]]:
    rows = connection.execute("SELECT size, root, note FROM ledger_checkpoint ORDER BY size").fetchall()
    return [(size, bytes(root), note) for size, root, note in rows]


def _points(
    points: list[tuple[int, bytes, str]],
    roots: dict[int, bytes],
    size: int,
    signers: Sequence[Signer],
    broken: _Broken,
) -> Iterator[Fault]:
    first = ""  # whence the log differs, if no entry says why: every later root differs then
    for length, root, note in points:
        fault = _point(length, root, note, roots, signers)
        if fault and fault.code == "ledger.root_differs":
            fault = fault._replace(follows=broken.within(0, length) or first)
            first = first or fault.where
        if fault:
            yield fault
    last = points[-1][0] if points else 0
    if size != last:
        where = f"size {size}" + (f" leaf {last}" if size > last else "")
        yield Fault("ledger.checkpoint_missing", where, "最新的检查点缺失", "the newest checkpoint is missing")


def _point(length: int, root: bytes, note: str, roots: dict[int, bytes], signers: Sequence[Signer]) -> Fault | None:
    """What is wrong with one checkpoint."""
    where, signed, signer = f"checkpoint {length}", read(note, signers), signer_of(note, signers)
    if signed is None and key_id_of(note) is not None and signer is None:
        zh, en = "检查点由另一把密钥签名", "the checkpoint is signed by another key"
        return Fault("ledger.other_key", where, zh, en)
    if signed is None and signer and not in_its_time(signer, signers, length):
        zh, en = "检查点由已换下的密钥签名", "the checkpoint is signed by a key whose time was over"
        return Fault("ledger.retired_key", where, zh, en)
    if signed is None or signed != Checkpoint(length, root):
        zh, en = "检查点或其签名被改动", "the checkpoint or its signature was changed"
        return Fault("ledger.checkpoint_altered", where, zh, en)
    if roots.get(length) != root:
        zh, en = "账本内容与已签发的检查点不符", "the log does not match a checkpoint that was signed"
        return Fault("ledger.root_differs", where, zh, en)
    return None


def _witnesses(
    notes: Iterable[Held], roots: dict[int, bytes], tree: Frontier, signers: Sequence[Signer], broken: _Broken
) -> Iterator[Fault]:
    own = {held.where for held in notes if held.own}
    # A log may have got its first checkpoint after the notes were read: then the note is there by now.
    if tree.size and "latest" not in own and not (current().witness / "latest").exists():
        zh, en = "见证文件缺失，无法比对", "the witness file is gone: there is nothing to compare with"
        yield Fault("ledger.witness_lost", "latest", zh, en)
    for held in notes:
        if held.note is None and tree.size and not held.own:
            zh, en = "见证方没有保存检查点，或无法询问", "a witness holds no checkpoint or cannot be asked"
            yield Fault("ledger.witness_lost", held.where, zh, en)
        elif held.note is not None and (held.own or not witness.accepted(held.note)):
            yield from _witnessed(held.where, held.note, roots, tree, signers, broken)


def _witnessed(
    where: str, note: str, roots: dict[int, bytes], tree: Frontier, signers: Sequence[Signer], broken: _Broken
) -> Iterator[Fault]:
    signed = read(note, signers)
    if signed is None:
        zh, en = "见证文件被改动或签名无效", "a witness file was changed or is signed by another key"
        yield Fault("ledger.witness_altered", where, zh, en)
    elif signed.size > tree.size:
        zh = "账本短于见证过的检查点，可能被截断或恢复到旧版本"
        en = "the log is shorter than a witnessed checkpoint: cut, or an older database put back"
        yield Fault("ledger.behind_witness", where, zh, en)
    elif roots.get(signed.size) != signed.root:
        zh, en = "账本与见证过的检查点不一致", "the log disagrees with a witnessed checkpoint"
        yield Fault("ledger.fork", where, zh, en, follows=broken.within(0, signed.size))
