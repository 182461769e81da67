"""Names behind numbers and codes: agencies, people, coded values, channels, acts, levels."""

from __future__ import annotations

from django.utils.translation import gettext as translate
from django.utils.translation import gettext_noop as _

from suyuan import catalog
from suyuan.access import queries as access
from suyuan.access.words import DUTIES
from suyuan.catalog.model import Field
from suyuan.i18n import say

__all__ = ["CHANNELS", "DUTIES", "LEVELS", "agency_name", "code_name", "person_name", "place_name", "unit_word"]

CHANNELS = {
    "form": _("表单录入"),
    "file": _("文件导入"),
    "api": _("接口报送"),
    "survey": _("现场采集"),
    "exchange": _("交换共享"),
}
BRACKETS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})  # headings, not places
UNITS = (
    _("人"), _("元"), _("分"), _("千克"), _("千米"), _("台"), _("处"), _("天"), _("家"), _("岁"), _("平方米"), _("月"), _("次"),
    _("毫克每百毫升"), _("起"), _("辆"), _("间"), _("项"),
)  # fmt: skip
LEVELS = {1: _("内部"), 2: _("警务工作秘密")}


def code_name(field: Field, code: str) -> str:
    """A coded value in words; the code itself where the table does not know it."""
    found = catalog.current().table(field).find(code)
    return say(found.name, found.name_en or found.name) if found else code


def place_name(field: Field, code: str) -> str:
    """A division of GB/T 2260 with the province and city it lies in."""
    steps = dict.fromkeys((f"{code[:2]}0000", f"{code[:4]}00", code))
    table = catalog.current().table(field)
    found = [one for step in steps if (one := table.find(step)) and one.name not in BRACKETS]
    return (
        say(" ".join(one.name for one in found), ", ".join(one.name_en or one.name for one in reversed(found))) or code
    )


def unit_word(unit: str) -> str:
    """A unit of measure in the reader's language; signs such as ° stay as they are."""
    return translate(unit) if unit in UNITS else unit


def agency_name(agency: int) -> str:
    """An agency's name in the reader's language."""
    return access.agency_name(agency)


def person_name(person: int) -> str:
    """A person's name and number; the system itself is person 0."""
    return access.person_name(person)
