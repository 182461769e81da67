"""Names behind numbers: agencies, people, channels, acts, levels. Codes have theirs in `records.meanings`."""

from __future__ import annotations

from django.utils.translation import gettext as translate
from django.utils.translation import gettext_noop as _

from suyuan.access import queries as access
from suyuan.access.words import DUTIES

__all__ = ["CHANNELS", "DUTIES", "LEVELS", "agency_name", "person_name", "unit_word"]

CHANNELS = {
    "form": _("表单录入"),
    "file": _("文件导入"),
    "api": _("接口报送"),
    "survey": _("现场采集"),
    "exchange": _("交换共享"),
}
UNITS = (
    _("人"), _("元"), _("分"), _("千克"), _("千米"), _("台"), _("处"), _("天"), _("家"), _("岁"), _("平方米"), _("月"), _("次"),
    _("毫克每百毫升"), _("起"), _("辆"), _("间"), _("项"),
)  # fmt: skip
LEVELS = {1: _("内部"), 2: _("警务工作秘密")}


def unit_word(unit: str) -> str:
    """A unit of measure in the reader's language; signs such as ° stay as they are."""
    return translate(unit) if unit in UNITS else unit


def agency_name(agency: int) -> str:
    """An agency's name in the reader's language."""
    return access.agency_name(agency)


def person_name(person: int) -> str:
    """A person's name and number; the system itself is person 0."""
    return access.person_name(person)
