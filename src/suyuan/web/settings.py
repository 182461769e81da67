"""Django settings, read from this process's installation.

Two database aliases reach the same database: `default` as the application role, which owns nothing and cannot pass the
row level security, and `owner`, which only `migrate` uses.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from suyuan.access.sign_in import provider
from suyuan.installation import current
from suyuan.installation.model import Role
from suyuan.web import peer

_here = current()
# What Django calls by a name of its own; libpq's other parameters are its options.
NAMED = {"NAME": "dbname", "HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password"}


PATIENCE = int(os.environ.get("SUYUAN_STATEMENT_SECONDS", "") or 3600)
"""Seconds that a statement may take. `web.wsgi` gives pages and the API fewer than commands and background tasks have."""
_IDLE = 10
"""How many times as long a transaction may wait for its process, which may be reading or mapping a file meanwhile."""


def _limits() -> str:
    """The application's limits as libpq's `options`."""
    given = {
        "statement_timeout": PATIENCE,
        "lock_timeout": PATIENCE,
        "idle_in_transaction_session_timeout": _IDLE * PATIENCE,
    }
    return " ".join(f"-c {name}={seconds}s" for name, seconds in given.items())


def _database(role: Role) -> dict[str, Any]:
    shared: dict[str, Any] = {
        "ENGINE": "suyuan.installation.database",  # what outlives a request on it is cleaned away
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"MIRROR": "default"} if role == "owner" else {},
    }
    if not _here.exists:
        return shared | {"NAME": "suyuan", "HOST": "/nonexistent"}
    parts = _here.parts(role)
    named = {name: parts.pop(keyword, "") for name, keyword in NAMED.items()}
    if role == "app":
        parts["options"] = f"{parts.get('options', '')} {_limits()}".strip()
    return shared | named | {"OPTIONS": parts | {"application_name": f"suyuan {role}"}}


SECRET_KEY = _here.secret_key if _here.exists else os.urandom(32).hex()
DEBUG = False
_hosts = [one.strip() for one in os.environ.get("SUYUAN_HOSTS", "").split(",") if one.strip()]
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *_hosts]

# Served over TLS only: by a proxy in front, or by `suyuan serve --certificate`. See docs/behind-a-proxy.md.
TLS = os.environ.get("SUYUAN_TLS") == "1"
PROXIES = os.environ.get("SUYUAN_PROXIES", "")
peer.networks(PROXIES)  # what is no address is said at the start
CSRF_FAILURE_VIEW = "suyuan.web.views.expired"
CSRF_TRUSTED_ORIGINS = peer.origins(_hosts)
SECURE_HSTS_SECONDS = 365 * 86_400 if TLS else 0

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "procrastinate.contrib.django",
    "suyuan.catalog",
    "suyuan.ledger",
    "suyuan.access",
    "suyuan.vault",
    "suyuan.records",
    "suyuan.review",
    "suyuan.collection",
    "suyuan.audit",
    "suyuan.web",
    # Below the rooms, whose templates stand in for the libraries' own.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]

MIDDLEWARE = [
    "suyuan.web.peer.know",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "suyuan.web.security.headers",
    "suyuan.access.sign_in.store.Sessions",
    "suyuan.web.language.speak",
    "suyuan.web.api.refusals.shape",
    "django.middleware.common.CommonMiddleware",
    "suyuan.web.bodies.Bound",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "suyuan.access.sign_in.sessions.limit",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "suyuan.web.errors.Explain",
]

ROOT_URLCONF = "suyuan.web.urls"
WSGI_APPLICATION = "suyuan.web.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "suyuan.web.shell.shell",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": _database("app"), "owner": _database("owner")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# One-time passwords that were used are remembered where every process sees them.
CACHES = {"default": {"BACKEND": "suyuan.access.sign_in.used.Used"}}

AUTH_USER_MODEL = "access.Account"
AUTHENTICATION_BACKENDS = ["suyuan.access.sign_in.backend.LockingBackend"]
AUTH_PASSWORD_VALIDATORS = [{"NAME": "suyuan.access.sign_in.passwords.Validator"}]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "suyuan.access.sign_in.adapters.Accounts"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_RATE_LIMITS = False  # the backend counts tries itself, in the database
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60
MFA_ADAPTER = "suyuan.access.sign_in.adapters.Factors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "suyuan.access.sign_in.factors.AuthenticateForm",
    "reauthenticate": "suyuan.access.sign_in.factors.ReauthenticateForm",
    "authenticate_webauthn": "suyuan.access.sign_in.factors.AuthenticateWebAuthnForm",
    "reauthenticate_webauthn": "suyuan.access.sign_in.factors.ReauthenticateWebAuthnForm",
    "login_webauthn": "suyuan.access.sign_in.factors.LoginWebAuthnForm",
}
MFA_RATE_LIMITS = False  # likewise
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not TLS  # browsers allow it on localhost alone
SOCIALACCOUNT_ADAPTER = "suyuan.access.sign_in.adapters.Provider"
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = ""
SOCIALACCOUNT_PROVIDERS = provider.settings()
USERSESSIONS_TRACK_ACTIVITY = True

SESSION_ENGINE = "suyuan.access.sign_in.store"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # not in a cookie, which is readable
SESSION_COOKIE_AGE = 30 * 60
SESSION_SAVE_EVERY_REQUEST = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = TLS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [Path(__file__).parent / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024  # of a program's call; pages take less: see bodies.py
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_HANDLERS = ["suyuan.web.uploads.InMemory"]

# What people typed and what records hold never reaches a log: only the logger's own words and the code place do.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "suyuan.web.logs.Line", "format": "{asctime} {levelname} {name} {message}", "style": "{"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("SUYUAN_LOG", "WARNING")},
}
