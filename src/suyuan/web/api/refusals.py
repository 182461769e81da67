"""Every refusal of the API in one shape, in the reader's language, wherever it comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from suyuan.access.calls import Detail, Invalid
from suyuan.errors import SuyuanError
from suyuan.i18n import say
from suyuan.installation.errors import explain
from suyuan.web.api.body import WrongType
from suyuan.web.errors import STATUS
from suyuan.web.settings import DATA_UPLOAD_MAX_MEMORY_SIZE
from suyuan.web.views import RETRY

Answer = Callable[[HttpRequest], HttpResponseBase]
_MOST = DATA_UPLOAD_MAX_MEMORY_SIZE >> 20
_UNKNOWN = ("请求无法处理，请核对后重试。", "The request cannot be dealt with.", "", "")
# What the web server itself refuses, by status: what happened and the way out.
_WORDS = {
    400: ("请求不完整或不是有效的 JSON。", "The request is incomplete or is no valid JSON.",
          "用 UTF-8 编码的 JSON；同一对象内名称不得重复，不得含 NUL 字符。", "Send JSON in UTF-8, no name twice in an object, no NUL."),
    403: ("您当前的岗位或办理事由不允许这项操作。", "Your current duty or ground does not allow this.",
          "请切换到相应岗位的办理事由。", "Use a ground of the duty that covers it."),
    404: ("地址有误，或该内容不在您的职责范围内。", "There is no such address, or it is out of your reach.",
          "核对地址和编号。", "Check the address and the id."),
    405: ("该地址不接受这种方法。", "The address does not take this method.",
          "方法见 Allow 头。", "See the header Allow."),
    413: (f"请求超过 {_MOST} MB。", f"The request is larger than {_MOST} MB.",
          "分成几批报送，或用文件导入。", "Send it in several batches, or import it as a file."),
    415: ("请求内容须为 application/json。", "The body must be application/json.",
          "设置 Content-Type: application/json。", "Set Content-Type: application/json."),
    500: ("系统出错，刚才的操作没有完成，也没有留下半途的结果。", "Something broke; nothing was done and nothing is left half done.",
          "稍候重试；仍不成功，请告知系统管理员。", "Try again later; if it stays, tell the system administrator."),
    503: ("数据库现在只读或没有应答，没有办成。", "The database is read-only or does not answer; nothing was done.",
          "稍候重试；仍不成功，请告知系统管理员。", "Try again later; if it stays, tell the system administrator."),
}  # fmt: skip
# Words for what a value is not, by the checker's own id; anything else gets the last.
_NOT = {
    "missing": ("缺少这一项", "It is missing"),
    "extra_forbidden": ("没有这一项", "There is no such item"),
    "int_parsing": ("应为整数", "It is no whole number"),
    "int_type": ("应为整数", "It is no whole number"),
    "string_type": ("应为文字", "It is no text"),
    "list_type": ("应为列表", "It is no list"),
    "dict_type": ("应为对象", "It is no object"),
    "string_too_long": ("文字过长", "The text is too long"),
    "string_too_short": ("不能为空", "It is empty"),
    "too_long": ("项数过多", "There are too many items"),
    "too_short": ("至少要有一项", "There is no item"),
    "literal_error": ("不在可选值之内", "It is none of the values to choose from"),
    "less_than_equal": ("数值过大", "The number is too large"),
    "greater_than_equal": ("数值过小", "The number is too small"),
    "uuid_parsing": ("不是有效的编号", "It is no id"),
}
_NO_VALUE = ("不符合接口说明", "It is not what the description asks for")


def install(api: NinjaAPI) -> None:
    """Let the API answer each kind of refusal."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        SuyuanError: told,
        ValidationError: _invalid,
        HttpError: lambda _request, error: of_status(error.status_code, error.__cause__),
        Http404: lambda _request, _error: of_status(404),
        PermissionDenied: lambda _request, _error: of_status(403),
        DatabaseError: _of_database,
        RequestDataTooBig: lambda _request, _error: of_status(413),
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def told(_request: HttpRequest, error: SuyuanError) -> HttpResponse:
    """What a room refused. What is hidden and what is missing get the same answer."""
    status = 404 if error.code.endswith("not_found") else STATUS.get(error.code, 409)
    findings = [one.dict() for one in error.findings] if isinstance(error, Invalid) else None
    return _answer(status, error.told() | ({"findings": findings} if findings else {}))


def _of_database(request: HttpRequest, error: DatabaseError) -> HttpResponse:
    """A statement stopped at its time limit, a database that is read-only or away; any other fault of it is our own."""
    known = explain(error)
    if known is None:
        raise error
    return told(request, known)


def of_status(status: int, cause: BaseException | None = None) -> HttpResponse:
    """What no room said, by its status."""
    status = 415 if isinstance(cause, WrongType) else status
    zh, en, mend_zh, mend_en = _WORDS.get(status, _UNKNOWN)
    return _answer(status, {"code": f"api.http_{status}", "message": say(zh, en), "mend": say(mend_zh, mend_en)})


def shape(answer: Answer) -> Answer:
    """Middleware: what never reached an operation (no such address or method, our own fault) is told in the same shape."""

    def shaped(request: HttpRequest) -> HttpResponseBase:
        response = answer(request)
        if not request.path.startswith("/api/") or response.status_code < 400 or _is_json(response):
            return response
        told_so = of_status(response.status_code)
        if "Allow" in response:
            told_so["Allow"] = response["Allow"]
        return told_so

    return shaped


def _is_json(response: HttpResponseBase) -> bool:
    return response.get("Content-Type", "").startswith("application/json")


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    return told(request, Invalid([_detail(one) for one in error.errors[:100]]))


def _detail(one: dict[str, Any]) -> Detail:
    place, *steps = [str(step) for step in one["loc"]]
    # The library names the argument of the function as well; whoever sent the body knows nothing of it.
    steps = steps[1:] if place == "body" else steps
    return Detail(
        where=".".join([place, *steps])[:200], rule=one["type"], message=say(*_NOT.get(one["type"], _NO_VALUE))
    )


def _answer(status: int, error: dict[str, Any]) -> HttpResponse:
    response = JsonResponse({"error": error}, status=status, json_dumps_params={"ensure_ascii": False})
    if status in RETRY:
        response["Retry-After"] = RETRY[status]
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response
