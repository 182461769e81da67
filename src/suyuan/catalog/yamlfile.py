"""YAML in which every value knows its line, and in which nothing is guessed: a value is the text that stands there."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from suyuan.catalog.errors import Mistake
from suyuan.catalog.model import Label, Place

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TRUE, _FALSE = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a YAML file: text, a mapping of names, or a list."""

    place: Place
    text: str | None = None
    items: dict[str, Node] | None = None
    values: tuple[Node, ...] | None = None

    @property
    def shape(self) -> str:
        """`text`, `mapping` or `list`."""
        return "mapping" if self.items is not None else "list" if self.values is not None else "text"


@dataclass(slots=True)
class Report:
    """All mistakes found so far; reading goes on after each."""

    mistakes: list[Mistake] = field(default_factory=list)

    def add(self, place: Place, code: str, zh: str, en: str, mend_zh: str, mend_en: str) -> None:
        """Note one mistake, with its mend."""
        self.mistakes.append(Mistake(place.file, place.line, code, zh, en, mend_zh, mend_en))

    def unknown(self, place: Place, code: str, zh: str, en: str, name: str, known: Collection[str]) -> None:
        """Note a word that is not among the known ones, with the nearest right one."""
        near = nearest(name, known)
        if near:
            self.add(place, code, zh, en, f"是否为“{near}”？", f"Did you mean `{near}`?")
        else:
            shown = sorted(known)[:40]
            self.add(place, code, zh, en, f"可用：{'、'.join(shown)}。", f"Known: {', '.join(shown)}.")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known word most like a name, if any is like it."""
    words = list(known)
    found = difflib.get_close_matches(name, words, 1, 0.55)
    folded = {word.casefold().replace("-", "_"): word for word in words}
    return found[0] if found else folded.get(name.casefold().replace("-", "_"))


def read_text(path: Path, shown: str, report: Report) -> str | None:
    """The text of a file; None (and a mistake) where it is not UTF-8, as spreadsheets and old editors leave it."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as exc:
        report.add(Place(shown, data.count(b"\n", 0, exc.start) + 1), "encoding", "文件不是 UTF-8 编码", "the file is not UTF-8",
                   "可能是 GBK 编码，请用文本编辑器另存为 UTF-8。", "It may be GBK; save it as UTF-8 with a text editor.")  # fmt: skip
        return None


def parse(file: str, text: str, report: Report) -> Node | None:
    """Read one file; None (and a mistake) where it is no YAML."""
    try:
        return _parsed(file, text, report)
    except RecursionError:
        report.add(Place(file, 1), "nested", "层次太深，不像目录文件", "nested too deeply for a catalog file",
                   "请检查括号是否成对。", "Look whether brackets come in pairs.")  # fmt: skip
        return None


def _parsed(file: str, text: str, report: Report) -> Node | None:
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = mark.line + 1 if mark else 1
        what = exc.problem or exc.context or "?"
        report.add(Place(file, line), "yaml", f"YAML 语法错误：{what}", f"no valid YAML: {what}",
                   "请检查这一行的缩进、冒号后的空格和引号；含“: ”或“#”的文字要加引号。",
                   "Look at indentation, the space after colons, and quotes; text with `: ` or `#` needs quotes.")  # fmt: skip
        return None
    except yaml.YAMLError as exc:
        report.add(
            Place(file, 1),
            "yaml",
            f"不是 YAML 文本：{exc}",
            f"no YAML text: {exc}",
            "请用文本编辑器另存为 UTF-8 文本。",
            "Save it as UTF-8 text with a text editor.",
        )
        return None
    return _Reader(file, report).read(root) if root is not None else Node(Place(file, 1), items={})


class _Reader:
    """Turns YAML nodes into ours; refuses what makes a file hard to read: aliases and names written twice."""

    def __init__(self, file: str, report: Report) -> None:
        self._file, self._report = file, report
        self._seen: set[int] = set()

    def read(self, node: yaml.Node) -> Node:
        place = Place(self._file, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return Node(place, text="" if node.tag.endswith(":null") else str(node.value))
        if id(node) in self._seen:
            self._report.add(place, "alias", "目录文件不使用 YAML 别名(&、*)", "catalog files use no YAML aliases (& and *)",
                             "请写出完整内容。", "Write it out.")  # fmt: skip
            return Node(place, text="")
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return Node(place, items=dict(self._pairs(node)))
        values = node.value if isinstance(node, yaml.SequenceNode) else []
        return Node(place, values=tuple(self.read(one) for one in values))

    def _pairs(self, node: yaml.MappingNode) -> Iterator[tuple[str, Node]]:
        names: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in names:
                self._report.add(Place(self._file, key.start_mark.line + 1), "twice", f"“{name}”重复",
                                 f"`{name}` is written twice", "请删去一个。", "Remove one.")  # fmt: skip
            names.add(name)
            read = self.read(value)
            yield name, Node(Place(self._file, key.start_mark.line + 1), read.text, read.items, read.values)


class Section:
    """A mapping being read: takes known keys out of it, reports unknown ones and values of the wrong shape."""

    def __init__(self, node: Node, what: str, known: Collection[str], report: Report) -> None:
        self.node, self.what, self.report = node, what, report
        self._items = node.items or {}
        if node.items is None:
            report.add(
                node.place,
                "shape",
                f"{what}应为一组“name: value”",
                f"{what} must be a mapping of names to values",
                "请写成缩进的“name: value”。",
                "Write indented lines of `name: value`.",
            )
        for name, value in self._items.items():
            if name not in known:
                report.unknown(value.place, "unknown_key", f"{what}中没有“{name}”这一项", f"unknown key `{name}` in {what}",
                               name, known)  # fmt: skip

    def get(self, name: str) -> Node | None:
        """The value under a key, or None."""
        return self._items.get(name)

    def place(self, name: str) -> Place:
        """Where a key stands, or the section if it does not."""
        found = self._items.get(name)
        return found.place if found else self.node.place

    def need(self, name: str) -> Node | None:
        """The value under a key that must be there."""
        found = self._items.get(name)
        if found is None and self.node.items is not None:
            self.report.add(self.node.place, "missing_key", f"{self.what}缺少“{name}”", f"{self.what} lacks `{name}`",
                            f"请补上“{name}”。", f"Add `{name}`.")  # fmt: skip
        return found

    def text(self, name: str, *, need: bool = False) -> str | None:
        """A text; empty counts as missing."""
        node = self.need(name) if need else self.get(name)
        if node is None:
            return None
        if node.text is None:
            self._wrong(name, node, "一段文字", "a text")
            return None
        if not node.text.strip():
            self.report.add(
                node.place,
                "empty",
                f"“{name}”是空的",
                f"`{name}` is empty",
                "请填写或删去。",
                "Fill it in or remove it.",
            )
            return None
        return node.text.strip()

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        said = self.text(name)
        if said is None:
            return default
        if said.lower() not in _TRUE | _FALSE:
            self._wrong(name, self._items[name], "true 或 false", "true or false")
        return said.lower() in _TRUE

    def number(self, name: str, *, need: bool = False) -> int | None:
        """A whole number, not negative."""
        said = self.text(name, need=need)
        if said is None:
            return None
        if not said.isascii() or not said.isdigit():
            self._wrong(name, self._items[name], "整数", "a whole number")
            return None
        return int(said)

    def choice(self, name: str, known: Collection[str], default: str | None = None) -> str | None:
        """One of a few words."""
        said = self.text(name, need=default is None)
        if said is None:
            return default
        if said not in known:
            self.report.unknown(self.place(name), "unknown_word", f"“{name}”不能是“{said}”", f"`{name}` cannot be `{said}`",
                                said, known)  # fmt: skip
            return default
        return said

    def words(self, name: str, *, need: bool = False) -> tuple[tuple[str, Place], ...]:
        """A list of texts with their places."""
        node = self.need(name) if need else self.get(name)
        if node is None:
            return ()
        if node.values is None or any(one.text is None for one in node.values):
            self._wrong(name, node, "列表，如 [a, b]", "a list such as [a, b]")
            return ()
        return tuple((str(one.text), one.place) for one in node.values)

    def label(self, name: str, *, need: bool = True) -> Label | None:
        """A text in both languages."""
        node = self.need(name) if need else self.get(name)
        return read_label(node, f"“{name}”", f"`{name}`", self.report) if node else None

    def _wrong(self, name: str, node: Node, zh: str, en: str) -> None:
        self.report.add(
            node.place,
            "shape",
            f"“{name}”应为{zh}",
            f"`{name}` must be {en}",
            "请改成这样的值。",
            "Write such a value.",
        )


def read_label(node: Node, zh: str, en: str, report: Report) -> Label | None:
    """A `{zh, en}` pair; both must be there."""
    example = "{zh: 名称, en: Name}"
    if node.items is None:
        report.add(
            node.place,
            "label",
            f"{zh}应写成 {example}",
            f"{en} must be written {example}",
            "两种语言都要写。",
            "Both languages are needed.",
        )
        return None
    for name in node.items:
        if name not in ("zh", "en"):
            report.unknown(node.items[name].place, "unknown_key", f"{zh}中没有“{name}”", f"unknown key `{name}` in {en}",
                           name, ("zh", "en"))  # fmt: skip
    texts = {name: (node.items[name].text or "").strip() if name in node.items else "" for name in ("zh", "en")}
    for name, said in texts.items():
        if not said:
            report.add(node.place, "twin", f"{zh}缺少 {name} 文字", f"{en} lacks its `{name}` text",
                       f"请补上 {name}。", f"Add `{name}`.")  # fmt: skip
    return Label(texts["zh"], texts["en"]) if all(texts.values()) else None
