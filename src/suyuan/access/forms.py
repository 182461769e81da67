"""What the pages of this room ask for. Names of staff and agencies are checked here for shape, by the database for sense."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from suyuan.access import grounds, queries
from suyuan.access.acting import Acting
from suyuan.access.actions import FOUNDERS
from suyuan.access.grounds import ASSIGNED
from suyuan.access.models import Account
from suyuan.access.words import DUTIES, GROUNDS, LIMITS, READERS, WAYS_IN


def _written(label: Any, form: str, hint: Any, **more: Any) -> forms.RegexField:
    """A field for something of a fixed form, which is said below it."""
    wrong = {"invalid": _("格式不正确，请按下面的说明填写。")}
    return forms.RegexField(label=label, regex=f"^{form}$", help_text=hint, error_messages=wrong, **more)


def _staff_no() -> forms.RegexField:
    return _written(_("警号（工号）"), "[A-Za-z0-9]{2,20}", _("2～20 位字母或数字，没有空格和符号，如 012345。"))


def _username() -> forms.RegexField:
    return _written(
        _("账号名"), "[A-Za-z0-9_.-]{2,60}", _("2～60 位字母、数字、点、横线或下划线，如 zhang.wei；登录时用。")
    )


class _Plain(forms.Form):
    """Fields in the look of the rest of the product."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            kind = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
            field.widget.attrs.setdefault("class", kind)


def _agency_choices() -> list[tuple[int, str]]:
    return [(one.agency, "\u3000" * one.depth + one.label) for one in queries.agencies()]


class AgencyForm(_Plain):
    """A new agency."""

    parent = forms.TypedChoiceField(label=_("上级机构"), coerce=int, choices=_agency_choices)
    name = forms.CharField(label=_("机构名称"), max_length=60)
    name_en = forms.CharField(label=_("英文名称"), max_length=80, required=False)
    division_code = _written(_("行政区划代码"), "[0-9]{6}", _("6 位数字，如 330106；可不填。"), required=False)


class PersonForm(_Plain):
    """A new member of staff."""

    staff_no = _staff_no()
    name = forms.CharField(label=_("姓名"), max_length=40)
    agency = forms.TypedChoiceField(label=_("所在机构"), coerce=int, choices=_agency_choices)


class AccountForm(_Plain):
    """An account to ask for."""

    username = _username()
    reason = forms.CharField(label=_("依据（文号或理由）"), max_length=200)


class ResetForm(_Plain):
    """What to ask for about one of a person's accounts."""

    username = forms.ChoiceField(label=_("账号名"))
    kind = forms.ChoiceField(
        label=_("事项"), choices=[(kind, _(word)) for kind, word in WAYS_IN.items() if kind != "account"]
    )
    reason = forms.CharField(label=_("依据（文号或理由）"), max_length=200)

    def __init__(self, *args: Any, person: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].choices = [  # type: ignore[attr-defined]  # a choice field
            (name, name) for name in queries.usernames(person)
        ]


class _NewPassword(_Plain):
    """One's own first password, typed twice."""

    password = forms.CharField(label=_("新密码"), widget=forms.PasswordInput)
    again = forms.CharField(label=_("再输入一次"), widget=forms.PasswordInput)

    def clean(self) -> dict[str, Any]:
        """Both passwords are the same, and one that the policy in force takes."""
        given = super().clean() or {}
        if given.get("password") != given.get("again"):
            raise forms.ValidationError(_("两次输入的密码不一致。"))
        validate_password(given.get("password", ""), Account(username=given.get("username", "")))
        return given


class ByCodeForm(_NewPassword):
    """One's own first password, by the two halves of a code."""

    username = forms.CharField(label=_("账号名"), max_length=60)
    first = forms.CharField(label=_("激活码前半（第一张激活单）"), max_length=40)
    second = forms.CharField(label=_("激活码后半（第二张激活单）"), max_length=40)
    field_order = ("username", "first", "second", "password", "again")


class TokenForm(_Plain):
    """A new API token."""

    name = forms.CharField(label=_("用途"), max_length=60)
    days = forms.TypedChoiceField(
        label=_("有效期"), coerce=int, initial=30, choices=[(n, _("%(n)s 天") % {"n": n}) for n in (1, 7, 30, 90)]
    )


class DutyForm(_Plain):
    """A duty to grant."""

    kind = forms.ChoiceField(label=_("岗位"), choices=[(kind, _(word)) for kind, word in DUTIES.items()])
    agency = forms.TypedChoiceField(label=_("管辖机构"), coerce=int, choices=_agency_choices)
    clearance = forms.TypedChoiceField(
        label=_("可接触级别"), coerce=int, choices=[(1, _("内部（1 级）")), (2, _("警务工作秘密（2 级）"))]
    )
    starts_on = forms.DateField(label=_("开始日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    ends_on = forms.DateField(
        label=_("结束日期（不含）"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), required=False
    )
    reason = forms.CharField(label=_("依据（文号或理由）"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"starts_on": timezone.localdate()})
        super().__init__(*args, **kwargs)


class RaiseForm(_Plain):
    """A higher clearance for one of a person's duties."""

    duty = forms.TypedChoiceField(label=_("岗位"), coerce=int)
    reason = forms.CharField(label=_("依据（文号或理由）"), max_length=200)

    def __init__(self, *args: Any, person: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["duty"].choices = [  # type: ignore[attr-defined]  # a choice field
            (one.duty, f"{_(DUTIES[one.kind])} · {queries.agency_name(one.agency)}")
            for one in queries.duties(person)
            if one.live and one.clearance == 1 and one.kind in READERS
        ]


class LimitForm(_Plain):
    """Another limit."""

    kind = forms.ChoiceField(label=_("限额"), choices=[(kind, _(word)) for kind, word in LIMITS.items()])
    most = forms.IntegerField(label=_("最多次数"), min_value=1, max_value=100_000)
    reason = forms.CharField(label=_("依据（文号或理由）"), max_length=200)


class SignForm(forms.Form):
    """A signature under the text that was shown. The template writes it, since its text stands between."""

    name = forms.CharField(max_length=40)
    read = forms.BooleanField()
    version = forms.IntegerField()
    digest = forms.RegexField(regex=r"^[0-9a-f]{64}$")


class UndertakingForm(_Plain):
    """A new text of the undertaking."""

    body = forms.CharField(label=_("新版本全文"), min_length=20, max_length=20_000, widget=forms.Textarea({"rows": 14}))
    reason = forms.CharField(label=_("依据（文号或理由）"), max_length=200)


class GroundForm(_Plain):
    """A ground to ask for."""

    kind = forms.ChoiceField(label=_("类别"), choices=[(kind, _(GROUNDS[kind])) for kind in ASSIGNED])
    reference = forms.CharField(label=_("案件编号或文号"), max_length=60, required=False)
    reason = forms.CharField(
        label=_("办理事项"), max_length=200, min_length=4, help_text=_("写明办理事项；不得填写证件号码或电话号码。")
    )
    ends_on = forms.DateField(
        label=_("结束日期（不含）"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"ends_on": timezone.localdate() + timedelta(days=30)})
        super().__init__(*args, **kwargs)

    def save(self, who: Acting) -> None:
        """Ask for it."""
        asked = self.cleaned_data
        grounds.ask(who, asked["kind"], asked["reference"], asked["reason"], asked["ends_on"])


class AssignForm(GroundForm):
    """A ground that a head of department assigns: to whom, under which of their duties."""

    holder = forms.ChoiceField(label=_("指派给"))
    field_order = ("holder",)

    def __init__(self, *args: Any, who: Acting, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["holder"].choices = [  # type: ignore[attr-defined]  # a choice field
            (f"{person} {duty}", words) for person, duty, words in queries.holders(who)
        ]

    def save(self, who: Acting) -> None:
        """Assign it."""
        given = self.cleaned_data
        person, duty = map(int, given["holder"].split(" "))
        grounds.assign(who, person, duty, given["kind"], given["reference"], given["reason"], given["ends_on"])


class ActivateForm(_NewPassword):
    """The first administrator of a kind, with the code that `suyuan up` printed."""

    kind = forms.ChoiceField(label=_("岗位"), choices=[(kind, _(DUTIES[kind])) for kind in dict.fromkeys(FOUNDERS)])
    code = forms.CharField(label=_("激活码"), max_length=40)
    staff_no = _staff_no()
    name = forms.CharField(label=_("姓名"), max_length=40)
    username = _username()
    field_order = ("kind", "code", "staff_no", "name", "username", "password", "again")
