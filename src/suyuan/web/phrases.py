"""The words on the pages: which texts are marked for translation, and the English catalogue for them.

Texts are found where Django will look them up at run time: in the compiled nodes of the templates and in the calls
of the Python sources. `python -m suyuan.web.phrases` brings the catalogue up to date (new texts come in empty) and
compiles it; the build only compiles.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOMS = Path(__file__).parent.parent
ENGLISH = Path(__file__).parent / "locale" / "en" / "LC_MESSAGES" / "django.po"
_CALLS = {"_": 1, "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "ngettext": 2, "ngettext_lazy": 2}


class Phrase(NamedTuple):
    """A text to translate: its Chinese original, the plural if it counts something, and the file it stands in."""

    text: str
    plural: str
    where: str


def phrases() -> list[Phrase]:
    """Every marked text of every room, in order of files."""
    found: list[Phrase] = []
    for path in sorted(ROOMS.rglob("*.py")):
        found += _of_python(path)
    for path in sorted(ROOMS.rglob("templates/**/*.html")):
        found += _of_template(path)
    return found


def catalogue() -> Catalog:
    """The English catalogue as it stands in the sources."""
    with ENGLISH.open("rb") as file:
        return read_po(file, locale="en", domain="django")


def untranslated(catalog: Catalog, wanted: Iterable[Phrase]) -> list[Phrase]:
    """Texts without an English wording (or with a doubtful one)."""

    def missing(one: Phrase) -> bool:
        entry = catalog.get(one.text)
        words = entry.string if entry else ""
        return not words or not all(words) or bool(entry and entry.fuzzy)

    return [one for one in wanted if missing(one)]


def renew() -> int:
    """Write the catalogue again with every marked text and none that is no longer used. Returns the gaps."""
    old = catalogue() if ENGLISH.exists() else Catalog(locale="en")
    new = Catalog("en", "django", project="Suyuan", version="1", fuzzy=False, creation_date=old.creation_date)
    new.header_comment = "# English wording of the pages of Suyuan."
    found = phrases()
    for one in found:
        entry = old.get(one.text)
        words: Any = entry.string if entry else ""
        if one.plural and isinstance(words, str):
            words = (words, words)
        new.add((one.text, one.plural) if one.plural else one.text, words, locations=[(one.where, 0)])
    ENGLISH.parent.mkdir(parents=True, exist_ok=True)
    with ENGLISH.open("wb") as file:
        write_po(file, new, width=110, sort_output=True, include_lineno=False)
    return len({one.text for one in untranslated(new, found)})


def compile_catalogue() -> Path:
    """Write the binary catalogue that the pages read, and say where it lies."""
    binary = ENGLISH.with_suffix(".mo")
    with binary.open("wb") as file:
        write_mo(file, catalogue())
    return binary


def _of_python(path: Path) -> Iterator[Phrase]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
            texts = [_constant(one) for one in node.args[: _CALLS[node.func.id]]]
            if texts and texts[0]:
                yield Phrase(texts[0], texts[1] if len(texts) > 1 else "", _place(path))


def _constant(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _of_template(path: Path) -> Iterator[Phrase]:
    from django.template import Engine, Template
    from django.template.base import Node
    from django.templatetags.i18n import BlockTranslateNode

    template = Template(path.read_text(encoding="utf-8"), engine=Engine.get_default())
    for node in template.nodelist.get_nodes_by_type(Node):
        if isinstance(node, BlockTranslateNode):
            text, _ = node.render_token_list(node.singular)
            plural, _ = node.render_token_list(node.plural) if node.plural else ("", None)
            yield Phrase(_trimmed(node, text), _trimmed(node, plural), _place(path))
        for text in _literals(node):
            yield Phrase(text, "", _place(path))


def _trimmed(node: Any, text: str) -> str:
    from django.utils.translation import trim_whitespace

    return trim_whitespace(text) if node.trimmed else text


def _literals(node: Any) -> Iterator[str]:
    """Texts in `{% translate "..." %}` and in `_("...")` given to any tag or variable."""
    from django.templatetags.i18n import TranslateNode
    from django.utils.functional import Promise
    from django.utils.translation import override

    if isinstance(node, TranslateNode):
        literal = node.filter_expression.var.literal
        yield from [literal] if isinstance(literal, str) else []
    held = [getattr(node, "filter_expression", None), *getattr(node, "args", ()), *getattr(node, "kwargs", {}).values()]
    with override(None):
        yield from [str(one.var) for one in held if isinstance(getattr(one, "var", None), Promise)]


def _place(path: Path) -> str:
    return path.relative_to(ROOMS.parent).as_posix()


if __name__ == "__main__":
    import django

    django.setup()
    gaps = renew()
    compile_catalogue()
    print(f"{ENGLISH.name}: {gaps} texts without English wording")
    sys.exit(1 if gaps else 0)
