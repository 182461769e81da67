"""An agency's identity provider as a program of its own: OpenID Connect with real keys, accounts and a sign-in page.

    python tests/identity_provider.py FOLDER PORT REDIRECT_URI

It knows the client "suyuan" and the accounts that `ACCOUNTS` names, all with one password. For tests only.
"""

from __future__ import annotations

import sys
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.urls import include, path

CLIENT, SECRET, PASSWORD = "suyuan", "test-only-client-secret", "Test-only-passphrase"
ACCOUNTS = ("collector", "nobody-here", "left")


def configure(folder: Path) -> None:
    """Settings of the smallest provider there is."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    settings.configure(
        SECRET_KEY="test-only",
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "provider.sqlite3"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
                        "django.contrib.messages", "allauth", "allauth.account", "allauth.idp.oidc"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware",
                    "django.contrib.auth.middleware.AuthenticationMiddleware",
                    "django.contrib.messages.middleware.MessageMiddleware",
                    "allauth.account.middleware.AccountMiddleware"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
                    "OPTIONS": {"context_processors": ["django.template.context_processors.request",
                                                       "django.contrib.auth.context_processors.auth",
                                                       "django.contrib.messages.context_processors.messages"]}}],
        ACCOUNT_EMAIL_VERIFICATION="none",
        IDP_OIDC_PRIVATE_KEY=pem,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )  # fmt: skip
    django.setup()
    settings.ROOT_URLCONF = (path("", include("allauth.idp.urls")), path("accounts/", include("allauth.account.urls")))


def fill(redirect: str) -> None:
    """The client, and the people."""
    from allauth.idp.oidc.models import Client
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    client = Client(id=CLIENT, name="溯源", scopes="openid\nprofile\nemail", redirect_uris=redirect, skip_consent=True)
    client.set_secret(SECRET)
    client.save()
    for name in ACCOUNTS:
        User.objects.create_user(name, password=PASSWORD)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    from django.core.wsgi import get_wsgi_application

    configure(Path(sys.argv[1]))
    fill(sys.argv[3])
    server = make_server("127.0.0.1", int(sys.argv[2]), get_wsgi_application(), handler_class=_Quiet)
    print("ready", flush=True)
    server.serve_forever()
