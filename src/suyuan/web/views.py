"""The desk, and what people see when a page cannot be shown."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from suyuan.access.errors import NoPurpose, NotSigned
from suyuan.access.web import person_of
from suyuan.errors import SuyuanError
from suyuan.installation.errors import explain
from suyuan.web.shell import Alone

RETRY = {429: "3600", 503: "30"}  # seconds after which asking again may help


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: the same for what does not exist and for what this reader may not see."""
    return _sorry(
        request,
        404,
        _("没有找到"),
        _("地址有误，或该内容不在您的职责范围内。"),
        [
            _("核对地址或编号是否完整。"),
            _("从左侧导航或检索重新查找。"),
            _("确需查阅的，请本部门负责人核对您的岗位与办理事由。"),
        ],
    )


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: the act is not this person's to do."""
    said = str(exception) if exception and str(exception) else _("您当前的岗位或办理事由不允许这项操作。")
    return _sorry(
        request,
        403,
        _("无权执行该操作"),
        said,
        [_("在顶栏核对当前办理事由，必要时切换后重试。"), _("岗位不符的，请安全管理员核对您的岗位职责。")],
    )


def expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without its token: almost always a page left open too long."""
    return _sorry(
        request,
        403,
        _("页面已过期"),
        _("为防止冒用，页面停留过久或登录状态改变后，不能继续提交。"),
        [_("返回上一页并刷新，再重新提交。"), _("如仍有问题，请重新登录。")],
    )


def explained(request: HttpRequest, error: SuyuanError, status: int) -> HttpResponse:
    """The act was refused for a reason that its error says, with the way out: a choice of grounds where one is wanting."""
    steps = [error.mend] if error.mend else [_("返回上一页。")]
    heading = _("操作未完成")
    if isinstance(error, NoPurpose):
        return _sorry(request, status, _("请先选定办理事由"), str(error), steps, choose=True)
    response = _sorry(request, status, heading, str(error), steps, sign=isinstance(error, NotSigned))
    if status in RETRY:
        response["Retry-After"] = RETRY[status]
    return response


def too_large(request: HttpRequest, most: int) -> HttpResponse:
    """413: more than this address takes from this reader; nothing of it was read."""
    size = f"{most >> 20} MB" if most >= 1 << 20 else f"{most >> 10} KB"
    return _unread(request, 413, _("内容过大"), _("提交的内容超过 %(size)s，没有读取，也没有办理。") % {"size": size})


def unmeasured(request: HttpRequest) -> HttpResponse:
    """411: a body that does not say how long it is; nothing of it was read."""
    return _unread(request, 411, _("未说明长度"), _("请求没有说明内容长度（Content-Length），没有读取，也没有办理。"))


def _unread(request: HttpRequest, code: int, heading: str, said: str) -> HttpResponse:
    steps = [
        _("填写的内容请分几次提交。"),
        _("文件请在“导入文件”页由采集人提交；更大的文件请交系统管理员导入。"),
        _("登录已结束的，请重新登录后再提交。"),
    ]
    return _sorry(request, code, heading, said, steps)


def malformed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: a request that no page of ours sends."""
    said = _("提交的内容不完整或格式有误，没有办理。")
    return _sorry(
        request, 400, _("请求有误"), said, [_("返回上一页并刷新，再重新提交。"), _("核对地址是否完整。")], alone=True
    )


def unsuited(request: HttpRequest) -> HttpResponse:
    """405: an address opened in a way it is not made for, such as that of a button typed into the address bar."""
    said = _("该地址只供页面上的按钮使用，不能直接打开，没有办理。")
    return _sorry(
        request, 405, _("不能这样打开"), said, [_("返回上一页，用页面上的按钮办理。"), _("从左侧导航重新进入。")]
    )


def broken(request: HttpRequest) -> HttpResponse:
    """500: our fault. Nothing half-done remains, since every act is one transaction.

    503 where the database was read-only or away; what keeps sessions meets that first, outside of every page.
    """
    if error := explain(sys.exception()):
        return explained(request, error, 503)
    return _sorry(
        request,
        500,
        _("系统出错"),
        _("该操作未完成，也未留下不完整的结果。错误已记入运行日志。"),
        [_("稍候重试。"), _("仍不成功，请把时间和所做操作告知系统管理员。")],
    )


def _sorry(
    request: HttpRequest,
    code: int,
    heading: str,
    said: str,
    steps: list[str],
    *,
    choose: bool = False,
    sign: bool = False,
    alone: bool = False,
) -> HttpResponse:
    # After a fault of ours nothing is asked of the database, so that page stands alone and knows nobody.
    framed = code < 500 and not alone and person_of(request) is not None
    frame = "web/base.html" if framed else "web/alone.html"
    context: dict[str, object] = {"code": code, "heading": heading, "said": said, "steps": steps, "frame": frame, "framed": framed,
               "choose": choose, "sign": sign}  # fmt: skip
    if code >= 500 or alone:
        context |= {"shell": Alone(request), "messages": []}
    return render(request, "web/error.html", context, status=code)
