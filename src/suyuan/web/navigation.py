"""Where a person can go, by duty: a table, so that a new room adds one line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as translate
from django.utils.translation import gettext_noop as _

from suyuan.access import words
from suyuan.catalog.model import Catalog
from suyuan.i18n import say

ADMINISTRATORS = frozenset({"system_administrator", "security_administrator", "security_auditor"})
READERS = frozenset(words.READERS)
AUDITORS = frozenset({"security_auditor"})
REVIEWERS = frozenset({"first_reviewer", "second_reviewer", "final_reviewer", "department_head"})


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the navigation table: an address name, its words, its icon, and the duties that see it.

    `only` empty means every duty. `exact` places are not marked for the addresses below theirs.
    """

    name: str
    word: str
    icon: str
    hint: str = ""
    only: frozenset[str] = frozenset()
    exact: bool = False

    def seen_by(self, duty: str) -> bool:
        """Whether this duty has business there."""
        return not self.only or duty in self.only


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the navigation as one reader sees it."""

    url: str
    label: str
    id: str = ""
    icon: str = ""
    hint: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Domain:
    """One business domain with its record types."""

    id: str
    label: str
    icon: str
    types: list[Item]
    open: bool


DESK = Place("web:desk", _("工作台"), icon="home")
WORK = (
    Place("review:desk", _("审核"), icon="checks", hint=_("审核待办批次"), only=REVIEWERS),
    Place("collection:new", _("录入"), icon="edit", hint=_("逐条填写，边填边核对"), only=frozenset({"collector"})),
    Place(
        "collection:wizard",
        _("导入文件"),
        icon="table-import",
        hint=_("表格整批导入，逐行给出结果"),
        only=frozenset({"collector"}),
    ),
    Place("records:search", _("检索"), icon="search", hint=_("按姓名、证件号、车牌、编号查找"), only=READERS),
    Place("records:types", _("数据目录"), icon="database", hint=_("按类别浏览记录"), only=READERS),
    Place("access:grounds", _("办理事由"), icon="briefcase", hint=_("选用、申请或指派办理事由"), only=READERS),
)
ADMINISTRATION = (
    Place(
        "access:clearings",
        _("目录隔离"),
        icon="lock",
        hint=_("本单位目录中待两人放行的内容"),
        only=frozenset({"security_administrator", "security_auditor"}),
    ),
    Place(
        "audit:search",
        _("账本查询"),
        icon="list-search",
        hint=_("查阅的人员、时间、事由和内容范围"),
        only=AUDITORS,
        exact=True,
    ),
    Place("audit:weeks", _("每周审计"), icon="calendar-check", hint=_("每周随机抽查查阅事由"), only=AUDITORS),
    Place("audit:questions", _("查阅疑点"), icon="help-circle", hint=_("情况异常、需要说明的查阅"), only=AUDITORS),
    Place("audit:exports", _("导出登记"), icon="download", hint=_("导出的记录、接收方和用途"), only=AUDITORS),
    Place("audit:findings", _("问题整改"), icon="clipboard-check", hint=_("责任人、期限与处理结果"), only=AUDITORS),
    Place(
        "audit:sample",
        _("事由核查"),
        icon="checkup-list",
        hint=_("核查本单位被抽中的查阅有无依据"),
        only=frozenset({"department_head"}),
    ),
    Place(
        "access:emergency",
        _("紧急查阅"),
        icon="alert-triangle",
        hint=_("紧急查阅及其复核"),
        only=frozenset({"security_auditor", "department_head"}),
    ),
    Place(
        "access:undertaking_signed",
        _("保密承诺书"),
        icon="writing-sign",
        hint=_("各版本签署情况，发布新版本"),
        only=frozenset({"security_administrator", "training_manager"}),
    ),
    Place(
        "vault:level",
        _("密钥保管"),
        icon="lock",
        hint=_("提交密钥分量，启封或封闭警务工作秘密"),
        only=frozenset({"storage_custodian"}),
        exact=True,
    ),
    Place(
        "keys:list",
        _("密钥管理"),
        icon="key",
        hint=_("清单、更换与销毁"),
        only=frozenset({"storage_custodian"}),
        exact=True,
    ),
    Place(
        "keys:disposals",
        _("记录销毁"),
        icon="trash",
        hint=_("办理部门负责人提请的销毁"),
        only=frozenset({"storage_custodian"}),
    ),
    Place("access:agencies", _("机构"), icon="building", hint=_("机构的层级与区划代码")),
    Place("access:people", _("人员"), icon="users", hint=_("人员所在机构和岗位")),
    Place(
        "access:proposals",
        _("授权审批"),
        icon="users-plus",
        hint=_("批准他人的提请，变更限额"),
        only=frozenset({"security_administrator"}),
    ),
    Place(
        "access:accounts",
        _("账号"),
        icon="id-badge-2",
        hint=_("谁有账号、上次何时登录"),
        only=frozenset({"system_administrator", "security_administrator"}),
        exact=True,
    ),
    Place(
        "access:ways_in",
        _("账号事项"),
        icon="key",
        hint=_("建立账号、重置与解锁，由两人办理"),
        only=ADMINISTRATORS,
    ),
)
DOMAINS = (
    Place("case", _("案件"), icon="gavel"),
    Place("population", _("人口"), icon="users-group"),
    Place("order", _("治安"), icon="shield"),
    Place("traffic", _("交通"), icon="car"),
)


def items(places: tuple[Place, ...], duty: str, path: str) -> Iterator[Item]:
    """The lines of a table that this duty sees; the one that holds `path` is current."""
    for one in places:
        if one.seen_by(duty):
            url = reverse(one.name)
            # A list of one type is marked below its domain, not in the directory of all types as well.
            here = path == url or (
                url != "/" and one.name != "records:types" and path.startswith(url) and not one.exact
            )
            hint = translate(one.hint) if one.hint else ""
            yield Item(url, translate(one.word), icon=one.icon, hint=hint, current=here)


def domains(catalog: Catalog, path: str, clearance: int) -> list[Domain]:
    """Record types up to a level by domain, in the order of the norm's chapters; the domain being read is open."""
    found = []
    for domain in DOMAINS:
        types = [
            Item(url, say(one.label.zh, one.label.en), one.id, current=path.startswith(url))
            for one in catalog.types.values()
            if one.domain == domain.name and one.level <= clearance
            for url in [reverse("records:list", args=[one.id])]
        ]
        found.append(
            Domain(domain.name, translate(domain.word), domain.icon, types, any(item.current for item in types))
        )
    return found
