"""YAML read strictly: every scalar a string, no name twice, every node with its line.

A mapping holds codes such as `01` and `no`, which plain YAML would turn into numbers and booleans. Aliases are allowed,
so a short text can stand for a large one: nodes are counted as they are read, repeated ones each time, before anything
is built.
"""

from __future__ import annotations

from typing import Any

import yaml

from suyuan.collection.errors import MappingFault
from suyuan.collection.readers import limits

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Section(dict[str, Any]):
    """A YAML mapping that knows where it stands. `lines` has the line of each name; values are str, None,
    list or Section.
    """

    def __init__(self, where: str, line: int) -> None:
        super().__init__()
        self.file, self.line = where, line
        self.lines: dict[str, int] = {}

    def where(self, name: str | None = None) -> str:
        """`file:line` of a name in this section, or of the section."""
        return f"{self.file}:{self.lines.get(name, self.line) if name else self.line}"


def read(text: str, file: str) -> Section:
    """Parse the text of `file`. Raises `MappingFault` with file and line."""
    if len(text.encode(errors="replace")) > limits.MAPPING_TEXT:
        most = limits.MAPPING_TEXT >> 10
        raise MappingFault(
            f"{file}:1", f"映射超过 {most} KB", f"the mapping is larger than {most} KB",
            "请只保留这个来源用到的列和代码。", "Keep only the columns and codes of this source.",
        )  # fmt: skip
    try:
        _count(text, file)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = mark.line + 1 if mark else 1
        raise MappingFault(
            f"{file}:{line}", f"YAML 语法错误：{exc.problem}", f"YAML syntax: {exc.problem}",
            "请检查该行的缩进、冒号和引号。", "Check indentation, colons and quotes on that line.",
        ) from exc  # fmt: skip
    except yaml.YAMLError as exc:
        raise MappingFault(f"{file}:1", "不是有效的 YAML", "not valid YAML") from exc
    if not isinstance(node, yaml.MappingNode):
        raise MappingFault(f"{file}:1", "文件应为“name: value”的结构", "the file must consist of `name: value`")
    section: Section = _build(node, file)
    return section


def _count(text: str, file: str) -> None:
    """Refuse what is too deep or stands for too much, by the events of the parser, of which none holds another."""
    sizes: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_.pop()
            if anchor:
                sizes[anchor] = total - before
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_):
                raise _folded(file, line)
            total += sizes.get(str(event.anchor), 0)
        elif isinstance(event, yaml.CollectionStartEvent):
            open_.append((event.anchor, total))
        elif event.anchor:
            sizes[event.anchor] = 1
        total += 1
        if len(open_) > limits.MAPPING_DEPTH:
            raise _folded(file, line)
        if total > limits.MAPPING_NODES:
            raise _too_many(file, line)


def _folded(file: str, line: int) -> MappingFault:
    return MappingFault(
        f"{file}:{line}", "结构引用自身或嵌套过深", "the structure refers to itself or is too deep",
        "请写成平铺的结构。", "Write it flat.",
    )  # fmt: skip


def _too_many(file: str, line: int) -> MappingFault:
    most = limits.MAPPING_NODES
    return MappingFault(
        f"{file}:{line}", f"映射展开后超过 {most} 项（别名每次引用都计入）",
        f"the mapping comes to more than {most} items, each alias counted as what it stands for",
        "请减少别名和代码，或拆成几个映射。", "Use fewer aliases and codes, or make several mappings of it.",
    )  # fmt: skip


def _build(node: yaml.Node, file: str) -> Any:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return None if not node.style and node.value in ("null", "~", "") else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, file) for item in node.value]
    section = Section(file, line)
    for name_node, value_node in node.value if isinstance(node, yaml.MappingNode) else ():
        _add(section, name_node, _build(value_node, file))
    return section


def _add(section: Section, name_node: yaml.Node, value: Any) -> None:
    line = name_node.start_mark.line + 1
    if not isinstance(name_node, yaml.ScalarNode):
        raise MappingFault(f"{section.file}:{line}", "名称应为文字", "a name must be plain text")
    name = name_node.value
    if name in section:
        raise MappingFault(
            f"{section.file}:{line}", f"“{name}”重复", f"`{name}` occurs twice",
            "请删去其中一个。", "Remove one of them.",
        )  # fmt: skip
    section[name], section.lines[name] = value, line
