"""YAML read strictly: every scalar a string, no name twice, every node with its line.

A mapping holds codes such as `01` and `no`, which plain YAML would turn into numbers and booleans.
"""

from __future__ import annotations

from typing import Any

import yaml

from suyuan.collection.errors import MappingFault

_MAX_BYTES = 1 << 20


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
    if len(text.encode()) > _MAX_BYTES:
        raise MappingFault(f"{file}:1", "文件过大", "the file is too large")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = mark.line + 1 if mark else 1
        raise MappingFault(
            f"{file}:{line}", f"YAML 语法错误:{exc.problem}", f"YAML syntax: {exc.problem}",
            "请检查该行的缩进、冒号和引号。", "Check indentation, colons and quotes on that line.",
        ) from exc  # fmt: skip
    except (yaml.YAMLError, RecursionError) as exc:
        raise MappingFault(f"{file}:1", "不是有效的 YAML", "not valid YAML") from exc
    if not isinstance(node, yaml.MappingNode):
        raise MappingFault(f"{file}:1", "文件应是“名称: 值”的结构", "the file must consist of `name: value`")
    section: Section = _build(node, file, set())
    return section


def _build(node: yaml.Node, file: str, above: set[int]) -> Any:
    line = node.start_mark.line + 1
    if id(node) in above or len(above) > 30:
        raise MappingFault(f"{file}:{line}", "结构引用自身或嵌套过深", "the structure refers to itself or is too deep")
    if isinstance(node, yaml.ScalarNode):
        return None if node.style is None and node.value in ("null", "~", "") else node.value
    inside = above | {id(node)}
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, file, inside) for item in node.value]
    section = Section(file, line)
    for name_node, value_node in node.value if isinstance(node, yaml.MappingNode) else ():
        _add(section, name_node, _build(value_node, file, inside))
    return section


def _add(section: Section, name_node: yaml.Node, value: Any) -> None:
    line = name_node.start_mark.line + 1
    if not isinstance(name_node, yaml.ScalarNode):
        raise MappingFault(f"{section.file}:{line}", "名称应是文字", "a name must be plain text")
    name = name_node.value
    if name in section:
        raise MappingFault(
            f"{section.file}:{line}", f"“{name}”写了两次", f"`{name}` occurs twice",
            "请删去其中一个。", "Remove one of them.",
        )  # fmt: skip
    section[name], section.lines[name] = value, line
