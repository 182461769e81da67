"""What officers read names no command, no rule by its id, and is punctuated as Chinese is (terms, style 1)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import suyuan
from suyuan import catalog
from suyuan.catalog.model import Field
from suyuan.catalog.plan import Problem, plan_of
from suyuan.web.phrases import phrases

ROOT = Path(suyuan.__file__).parent
ROOMS = ("access", "audit", "collection", "ledger", "records", "review", "vault", "web")
OF_COMMANDS = re.compile(r"(^|_)(cli|command)\.py$")
HAN = "\u4e00-\u9fff"
HALF = re.compile(rf"[{HAN}”》）][,;:?!]|[,;:?!][{HAN}“《]|[{HAN}]\([^)]*[{HAN}]|[{HAN}][^(（]*[{HAN}]\)")
# One concept has one word: what is not said, and the word for it.
UNSAID = {
    "账目": "审计条目", "开封": "启封", "份额": "密钥分量", "存储管理人": "存储管理员", "授权提请": "授权审批",
    "双因子": "双因素认证", "取消第二因素": "清除第二因素", "轮换": "更换", "破窗": "紧急查阅", "出示": "输入",
    "警告": "提示", "看完": "全部查看", "还没有": "尚未", "应是": "应为", "在办的事由": "有效的事由",
    r"(?<!保)密级": "保密级别", "(?<!安全)审计员": "安全审计员", "地区划": "地行政区划",
    r"(?<!公民)身份(证号|号码)": "公民身份号码", "在今天之后": "晚于当前日期",
}  # fmt: skip
COMMAND = re.compile(r"\bsuyuan (up|[a-z]+ [a-z]+)\b")


def errors() -> Iterator[tuple[str, str]]:
    """Every text of every room's errors, with where it stands: a page may show any of them."""
    for room in ROOMS:
        path = ROOT / room / "errors.py"
        if not path.exists():
            continue
        tree = ast.parse(path.read_text("utf-8"))
        docs = {id(node.body[0].value) for node in ast.walk(tree)
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body
                and isinstance(node.body[0], ast.Expr)}  # fmt: skip
        docs |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Assign)
                 and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "command"}  # fmt: skip
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                yield f"{room}/errors.py:{node.lineno}", node.value


def shown() -> Iterator[tuple[str, str]]:
    """Every text that a page is made of, and those of errors."""
    yield from errors()
    for one in phrases():
        yield one.where, one.text


PATTERN = re.compile(r"\(\?|\[0-9|\\s|<!doctype|^\{zh:")  # regular expressions, a page's style, an example of YAML


def written() -> Iterator[tuple[str, str]]:
    """Every text of every module, and the pieces of those that are put together: reports, commands, notes of readers."""
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in docs:
                continue
            if not PATTERN.search(node.value):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


def findings() -> Iterator[tuple[Field, Problem]]:
    """Everything that the check can find wrong with a field of any type."""
    for one in catalog.current().types.values():
        for problem in plan_of(one).problems.values():
            if not problem.rule:
                yield one.fields[problem.fields[0]], problem


def troubles(texts: Iterator[tuple[str, str]]) -> list[str]:
    """Texts in Chinese with punctuation of another language."""
    return [f"{where} {text}" for where, text in texts if re.search(f"[{HAN}]", text) and HALF.search(text)]


def told() -> Iterator[tuple[str, str]]:
    """Every text that a page is made of, those of errors, and what the catalog's types say."""
    yield from shown()
    for path in sorted((ROOT / "catalog" / "types").glob("*.yaml")):
        for said in re.findall(r"zh: ([^,}]+)", path.read_text("utf-8")):
            yield path.name, said


def unsaid(texts: Iterator[tuple[str, str]]) -> list[str]:
    """Texts with a word that another is used for."""
    return [
        f"{where} {text}: {better}" for where, text in texts for word, better in UNSAID.items() if re.search(word, text)
    ]


def test_one_concept_has_one_word() -> None:
    """On pages, in errors and in the types of the catalog; the control is a text with an old word."""
    assert unsaid(told()) == []
    assert unsaid(iter([("control", "没有账目")])) == ["control 没有账目: 审计条目"]


def test_chinese_is_punctuated_in_full_width() -> None:
    """In errors, on pages, in every text of the sources, and in what the check puts together."""
    assert troubles(shown()) == []
    assert troubles(written()) == []
    assert troubles((problem.id, problem.message.zh) for _, problem in findings()) == []


def test_a_finding_says_its_field_once() -> None:
    """Where it stands alone it names the field; beside the field it does not."""
    for field, problem in findings():
        assert problem.message.zh == f"{field.label.zh}：{problem.beside.zh}"
        assert field.label.zh not in re.sub("“.*?”", "", problem.beside.zh), problem.id


def test_a_wrong_form_is_told_by_an_example() -> None:
    """Of a field with a pattern and an example."""
    said = {problem.id: problem.beside.zh for _, problem in findings()}
    assert said["violation.occurred_time.format"] == "格式不正确，应如 08:31"


# Those who run commands read these: the ledger's alarms, a server's first start, keys at the terminal.
TOLD_TO_OPERATORS = re.compile(
    r"^(ledger|vault)/errors|access/errors.*(user list|token list)|suyuan up|suyuan catalog release"
)


def test_officers_read_no_command() -> None:
    """A command is an attribute of its error, which terminals add."""
    named = [f"{where} {text}" for where, text in shown() if COMMAND.search(text)]
    assert [one for one in named if not TOLD_TO_OPERATORS.search(one)] == []


def test_pages_name_no_rule_by_its_id() -> None:
    """A rule is said in words."""
    for path in ROOT.glob("*/templates/**/*.html"):
        assert not re.search(r"\{\{ *[a-z_.]*\brule\b[^}|]*\}\}", path.read_text("utf-8")), path


@pytest.mark.parametrize("text", ["没有的,请申请", "岗位;事由", "(请先签署)后再试", "已退出:请登录"])
def test_half_width_is_found(text: str) -> None:
    """Negative control."""
    assert troubles(iter([("here", f"说明{text}")])) == [f"here 说明{text}"]
