"""The site as agencies run it: behind nginx with TLS, configured by the very block that the documentation prints."""

from __future__ import annotations

import re
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from allauth.usersessions.models import UserSession
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from requests.adapters import HTTPAdapter

from served import free_port, serving, wait_for
from suyuan.access.sign_in import attempts
from suyuan.cli import authority
from suyuan.installation import Installation
from suyuan.web import peer
from world import PASSWORD, World

PAGE = Path(__file__).parents[2] / "docs" / "behind-a-proxy.md"
HOST = "suyuan.example"
CLIENT = "127.0.0.2"  # where browsers of this test sit; the proxy itself speaks from 127.0.0.1
EXPIRED = "页面已过期"
SAMPLES = {"int": "1", "uuid": str(uuid.UUID(int=1)), "slug": "case", "str": "x", "uuidstr": str(uuid.UUID(int=1))}


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates as the command makes them."""
    folder = tmp_path_factory.mktemp("tls")
    authority.make(folder / "tls", authority.Names([HOST, "127.0.0.1"]))
    return folder / "tls"


def configured(folder: Path, tls: Path, plain: int, secure: int, upstream: int) -> Path:
    """The documented block, with this test's ports and files in place of the documented ones, and nothing else."""
    [block] = re.findall(r"```nginx\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for documented, ours in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"), ("listen 443 ssl;", f"listen 127.0.0.1:{secure} ssl;"),
        (f"https://{HOST}$request_uri", f"https://{HOST}:{secure}$request_uri"),
        ("/etc/suyuan/tls", str(tls)), ("http://127.0.0.1:8000", f"http://127.0.0.1:{upstream}"),
    ):  # fmt: skip
        assert documented in block
        block = block.replace(documented, ours)
    file = folder / "nginx.conf"
    temporary = "".join(
        f"{one}_temp_path {folder}/{one};\n" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\nworker_processes 1; user root;\n"
        f"events {{}}\nhttp {{ access_log off;\n{temporary}{block}}}\n"
    )
    return file


@pytest.fixture(scope="module")
def resolved() -> Iterator[None]:
    """The site's name leads to this machine."""
    real = socket.getaddrinfo

    def here(host: Any, *more: Any, **named: Any) -> Any:
        return real("127.0.0.1" if host == HOST else host, *more, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", here)
        yield


@pytest.fixture(scope="module")
def sites(
    installation: Installation, database: str, tls: Path, tmp_path_factory: pytest.TempPathFactory, resolved: None
) -> Iterator[dict[str, int]]:
    """The ports of the proxy and of the server behind it, both running."""
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    settings = {"SUYUAN_TLS": "1", "SUYUAN_HOSTS": HOST, "SUYUAN_PROXIES": "127.0.0.1"}
    with serving(installation, database, **settings) as server:
        plain, secure = free_port(), free_port()
        file = configured(folder, tls, plain, secure, server.port)
        proxy = subprocess.Popen(["nginx", "-c", str(file), "-p", str(folder)])
        try:
            wait_for(secure, proxy)
            yield {"plain": plain, "secure": secure, "server": server.port}
        finally:
            proxy.terminate()
            proxy.wait(20)


class _From(HTTPAdapter):
    """Connections from one address of this machine."""

    def init_poolmanager(self, *more: Any, **named: Any) -> None:
        super().init_poolmanager(*more, source_address=(CLIENT, 0), **named)  # type: ignore[no-untyped-call]


class Browser(requests.Session):
    """A browser: it keeps cookies, trusts the authority, and says from which page a form comes."""

    def __init__(self, sites: dict[str, int], tls: Path) -> None:
        super().__init__()
        self.origin = f"https://{HOST}:{sites['secure']}"
        self.verify = str(tls / "authority.pem")
        self.trust_env = False
        for scheme in ("https://", "http://"):
            self.mount(scheme, _From())

    def send_form(self, path: str, form: dict[str, str], origin: str | None = None) -> requests.Response:
        """Post a form with the token of the sign-in page or the session, as browsers do."""
        headers = {"Origin": origin or self.origin, "Referer": f"{origin or self.origin}/"}
        token = self.cookies.get("csrftoken") or ""
        return self.post(
            self.origin + path,
            form | {"csrfmiddlewaretoken": token},
            headers=headers,
            allow_redirects=False,
            timeout=30,
        )

    def sign_in(self, username: str) -> requests.Response:
        """Sign in by the form."""
        self.get(self.origin + "/sign-in/", timeout=30)
        return self.send_form("/sign-in/", {"login": username, "password": PASSWORD})


def signed_in(browser: Browser) -> bool:
    """Whether the browser's session belongs to somebody."""
    return browser.get(browser.origin + "/account/", allow_redirects=False, timeout=30).status_code == 200


def addresses(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    """One address for every route there is, with ids that look right."""
    for one in resolver.url_patterns:
        route = str(one.pattern) if isinstance(one.pattern, RoutePattern) else ""
        filled = before + re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLES[found[1] or "str"], route)
        if isinstance(one, URLPattern):
            yield filled
        else:
            yield from addresses(one, filled)


@pytest.mark.control("C25")
@pytest.mark.clause("3.3.3")
def test_people_sign_in_through_the_documented_proxy(world: World, sites: dict[str, int], tls: Path) -> None:
    """With the Origin that browsers send; every cookie is Secure, HSTS is sent, and the session knows the address."""
    browser = Browser(sites, tls)
    answer = browser.sign_in(world.collector.username)
    assert answer.status_code == 302
    assert signed_in(browser)
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    named = {one.name: one for one in browser.cookies}
    assert set(named) >= {"sessionid", "csrftoken", "suyuan_device"}
    assert [name for name, one in named.items() if not one.secure] == []
    browser.send_form("/language/", {"language": "en", "next": "/"})
    assert [one.name for one in browser.cookies if not one.secure] == []
    assert {one.ip for one in UserSession.objects.all()} == {CLIENT}


@pytest.mark.control("C25")
def test_no_form_of_any_route_is_taken_for_a_forgery(world: World, sites: dict[str, int], tls: Path) -> None:
    """Every route there is; one from another site is refused everywhere, which shows that the walk would notice."""
    browser = Browser(sites, tls)
    browser.sign_in(world.collector.username)
    walked = [one for one in addresses(get_resolver()) if not one.startswith(("/api/", "/sign-out/", "/sign-in/out/"))]
    assert len(walked) > 60
    refused = [one for one in walked if EXPIRED in browser.send_form(one, {}).text]
    assert refused == []
    assert signed_in(browser)
    forged = [EXPIRED in browser.send_form(one, {}, "https://elsewhere.example").text for one in walked[:20]]
    assert all(forged)


@pytest.mark.control("C25")
def test_without_tls_nothing_is_served(world: World, sites: dict[str, int], tls: Path) -> None:
    """The proxy leads plain requests to TLS; the server itself refuses what came without; below TLS 1.2 nobody speaks."""
    browser = Browser(sites, tls)
    plain = browser.get(f"http://{HOST}:{sites['plain']}/sign-in/", allow_redirects=False, timeout=30)
    assert plain.headers["Location"] == browser.origin + "/sign-in/"
    headers = {"Host": HOST}
    for said in ({}, {"X-Forwarded-Proto": "http"}):
        direct = requests.get(f"http://127.0.0.1:{sites['server']}/sign-in/", headers=headers | said, timeout=30)
        assert direct.status_code == 403
        assert "TLS" in direct.text
        assert not direct.cookies
    old = ["openssl", "s_client", "-connect", f"127.0.0.1:{sites['secure']}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
    assert subprocess.run(old, input=b"", capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize(
    ("remote", "said", "proto", "address", "secure"),
    [
        ("10.0.0.1", "10.9.9.9", "https", "10.9.9.9", True),
        ("10.0.0.1", "1.1.1.1, 10.9.9.9", "http, https", "10.9.9.9", True),
        ("10.0.0.1", "1.1.1.1, 10.9.9.9, 10.0.0.2", "https", "10.9.9.9", True),
        ("10.0.0.1", "1.1.1.1, nonsense, 10.0.0.2", "https", "10.0.0.2", True),
        ("10.0.0.1", "", "", "10.0.0.1", False),
        ("10.0.0.1", "::ffff:10.9.9.9", "https, http", "10.9.9.9", False),
        ("10.9.9.9", "1.1.1.1", "https", "10.9.9.9", False),
        ("", "1.1.1.1", "https", "", False),
    ],
)  # fmt: skip
@pytest.mark.control("C3")
def test_only_proxies_of_ours_are_believed(
    settings: Any, remote: str, said: str, proto: str, address: str, secure: bool
) -> None:
    """The right-most address that is no proxy's counts; what others say of themselves is struck out."""
    settings.PROXIES, settings.TLS = "10.0.0.1, 10.0.0.2/32", False
    request = RequestFactory().get(
        "/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=said, HTTP_X_FORWARDED_PROTO=proto,
        HTTP_X_FORWARDED_HOST="evil.example", HTTP_X_REAL_IP="1.1.1.1", HTTP_FORWARDED="for=1.1.1.1",
    )  # fmt: skip
    seen: list[tuple[str, bool, list[str]]] = []

    def page(got: Any) -> Any:
        seen.append((got.META["REMOTE_ADDR"], got.is_secure(), [one for one in got.headers if "orward" in one]))

    peer.know(page)(request)
    assert seen == [(address, secure, [])]


def test_nothing_else_knows_of_proxies() -> None:
    """One place reads what a proxy says: everything else takes the address that it set right."""
    import suyuan

    root = Path(suyuan.__file__).parent
    found = [path.name for path in root.rglob("*.py") if re.search(r"X_FORWARDED|X-Forwarded-For", path.read_text())]
    assert found == ["peer.py"]


@pytest.mark.parametrize("said", ["nonsense", "10.0.0.0/33", "10.0.0.1/8"])
def test_a_setting_that_names_no_network_stops_the_start(said: str) -> None:
    """Rather than trust nobody, or everybody, without a word."""
    with pytest.raises(ValueError, match=re.escape(said.split("/")[0])):
        peer.networks(said)


@pytest.mark.control("C3")
def test_forged_addresses_do_not_give_a_guesser_more_tries(world: World) -> None:
    """A header per try changes nothing where no proxy is trusted."""
    for number in range(attempts.TRIES):
        form = {"login": world.first.username, "password": "wrong"}
        Client().post("/sign-in/", form, headers={"X-Forwarded-For": f"10.7.7.{number}"})
    late = Client()
    late.post(
        "/sign-in/", {"login": world.first.username, "password": PASSWORD}, headers={"X-Forwarded-For": "10.7.8.1"}
    )
    assert "_auth_user_id" not in late.session


@pytest.mark.control("C25")
def test_the_server_itself_speaks_tls(
    world: World, installation: Installation, database: str, tls: Path, resolved: None
) -> None:
    """`suyuan serve --certificate --key`, without a proxy: 1.2 or later, Secure cookies, sign-in works."""
    keys = ("--certificate", str(tls / "server.pem"), "--key", str(tls / "server.key"))
    with serving(installation, database, *keys, SUYUAN_HOSTS=HOST) as server:
        browser = Browser({"secure": server.port}, tls)
        assert browser.sign_in(world.second.username).status_code == 302
        assert signed_in(browser)
        assert [one.name for one in browser.cookies if not one.secure] == []
        old = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
        assert subprocess.run(old, input=b"", capture_output=True, check=False).returncode != 0
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(f"http://127.0.0.1:{server.port}/", timeout=30)
