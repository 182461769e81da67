"""Who sends a request, and over what: the one place that knows of proxies.

The last machine that spoke to us is the peer. Only where the peer is a proxy that the installation names
(`SUYUAN_PROXIES`) is it believed when it says for whom it speaks; what anybody else says of himself is struck
out. Afterwards REMOTE_ADDR and the scheme are the client's, for everything that asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

Answer = Callable[[HttpRequest], HttpResponseBase]
Network = IPv4Network | IPv6Network
_SAID = ("HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_")
_NOT_TLS = """本系统只经 TLS 提供服务，这一请求未经 TLS，没有办理。请用 https:// 开头的地址访问。
管理员：若前面有代理，SUYUAN_PROXIES 须列出代理的地址，代理须发送 X-Forwarded-Proto。
This site is served over TLS only; this request came without it and was not dealt with. Use the address that
begins with https://. Administrators: behind a proxy, SUYUAN_PROXIES names the proxy's address, and the proxy
sends X-Forwarded-Proto.
"""


def networks(said: str) -> list[Network]:
    """Addresses and networks from a setting, with commas between. Raises `ValueError` for what is none."""
    return [ip_network(one.strip()) for one in said.split(",") if one.strip()]


def origins(hosts: list[str]) -> list[str]:
    """The origins that a form may come from, over TLS, by the names that the site answers to."""
    return [f"https://{'*' if host.startswith('.') else ''}{host}" for host in hosts]


def know(answer: Answer) -> Answer:
    """Middleware, before every other: the client's address and scheme, and nothing a client says about either.

    Where the site is served over TLS only, what comes without it is refused.
    """

    def knowing(request: HttpRequest) -> HttpResponseBase:
        _set_right(request.META, networks(settings.PROXIES))
        if settings.TLS and not request.is_secure():
            return HttpResponse(_NOT_TLS, status=403, content_type="text/plain; charset=utf-8")
        return answer(request)

    return knowing


def _set_right(environ: dict[str, Any], trusted: list[Network]) -> None:
    peer = str(environ.get("REMOTE_ADDR", ""))
    if _among(peer, trusted):
        environ["REMOTE_ADDR"] = _client(environ, peer, trusted)
        said = str(environ.get("HTTP_X_FORWARDED_PROTO", "")).rsplit(",", 1)[-1].strip().lower()
        if said in ("http", "https"):
            environ["wsgi.url_scheme"] = said
    for name in [one for one in environ if one.startswith(_SAID)]:
        del environ[name]


def _client(environ: Mapping[str, Any], peer: str, trusted: list[Network]) -> str:
    """The right-most address that no trusted proxy has: each proxy appends who spoke to it."""
    found = peer
    for said in reversed(str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")):
        if _address(said) is None:
            break  # whoever wrote this is no proxy of ours
        found = str(_address(said))
        if not _among(found, trusted):
            break
    return found


def _among(said: str, trusted: list[Network]) -> bool:
    address = _address(said)
    return address is not None and any(address in one for one in trusted)


def _address(said: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(said.strip())
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
