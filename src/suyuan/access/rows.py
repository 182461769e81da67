"""Where the tables of this room stand: those that say who may do what are bound to entries (`sql/bound.sql`)."""

from __future__ import annotations

from suyuan.ledger.bound import Bound
from suyuan.ledger.evidence import Placed, not_evidence, recomputed

_EACH_USE = "time of the last use, for showing"
ACCOUNT = Bound(
    "access_account", ("id",), ("id", "username", "person", "is_active"),
    {
        "password": "a password changes without an entry's digest; who signs in by it is entered",
        "last_login": _EACH_USE,
        "email": "always empty",
        "made_at": "the entry has the time",
        "password_at": "goes with the password",
        "verifier": "goes with the password",
        "epoch": "goes with the password: sessions of before end",
    },
)  # fmt: skip
TOKEN = Bound(
    "access_token", ("token",), ("token", "account", "name", "digest", "made_at", "expires_at", "revoked_at"),
    {"used_at": _EACH_USE},
)  # fmt: skip
WAY_IN = Bound(
    "access_way_in", ("way",),
    ("way", "kind", "person", "username", "account", "reason", "asked_by", "asked_at", "first_half", "decided_by",
     "decided_at", "approved", "second_half", "used_at", "done_at"),
    {"tries": "each wrong try is an entry of its own"},
)  # fmt: skip
BOUND = (
    Bound("access_agency", ("agency",), ("agency", "width", "parent", "name", "name_en", "kind", "division_code")),
    Bound("access_department", ("department",), ("department", "agency", "name", "name_en"), adopted=True),
    Bound("access_person", ("person",), ("person", "staff_no", "name", "agency", "department", "active")),
    ACCOUNT,
    Bound("access_activation", ("kind", "digest"), ("kind", "digest", "used_at"), adopted=True),
    TOKEN,
    WAY_IN,
    Bound(
        "access_duty", ("duty",),
        ("duty", "person", "kind", "agency", "department", "clearance", "starts_on", "ends_on", "granted_by", "reason",
         "power", "approved_by", "proposal"),
    ),
    Bound(
        "access_ground", ("ground",),
        ("ground", "person", "duty", "kind", "reference", "reason", "starts_at", "ends_at", "assigned_by"),
    ),
    Bound(
        "access_ground_request", ("request",),
        ("request", "person", "duty", "kind", "reference", "reason", "ends_on", "asked_at", "decided_by", "decided_at",
         "ground"),
    ),
    Bound(
        "access_emergency", ("ground",),
        ("ground", "person", "agency", "reason", "at", "reviewed_by", "reviewed_at", "justified", "note"),
    ),
    Bound("access_limit", ("kind",), ("kind", "stretch", "most", "most_in_emergency", "rows_at_once")),
    Bound(
        "access_proposal", ("proposal",),
        ("proposal", "what", "person", "agency", "kind", "department", "clearance", "starts_on", "ends_on", "duty", "most",
         "body", "reason", "proposed_by", "proposed_at", "decided_by", "decided_at", "approved"),
    ),
    Bound(
        "access_clearing", ("clearing",),
        ("clearing", "subject", "declaration", "digest", "reason", "proposed_by", "proposed_at", "decided_by", "decided_at",
         "approved"),
    ),
    Bound("access_undertaking", ("version",), ("version", "body", "digest", "since", "proposal")),
    Bound("access_undertaking_signature", ("person", "version"), ("person", "version", "name", "signed_at")),
)  # fmt: skip
EVIDENCE: tuple[Placed | Bound, ...] = (
    *BOUND,
    *not_evidence(
        "登录失败和使用次数的计数，过后即清；每次失败和每次查阅另有审计条目",
        "counts of failed tries and of uses, emptied later; each try and each look is an entry",
        "access_try", "access_use", "access_used",
    ),
    recomputed("access_open_types", only_one="there is one row; verify names none and another"),
    *not_evidence(
        "会话、命令和任务向数据库证明身份的凭据：改动它们可冒名办理，所办的每件事都有审计条目",
        "what sessions, commands and tasks prove to the database who acts by: whoever changes them can act as somebody, "
        "and every act is an entry",
        "access_proof", "access_secret", "access_voucher",
    ),
    *not_evidence(
        "口令之外的登录凭据和会话：改动它们可冒名登录，而每次登录都有审计条目",
        "second factors, identities at a provider and sessions: whoever changes them can sign in as somebody, and "
        "every sign-in is an entry",
        "mfa_authenticator", "usersessions_usersession", "django_session", "socialaccount_socialaccount",
        "socialaccount_socialapp", "socialaccount_socialtoken", "account_emailaddress", "account_emailconfirmation",
    ),
)  # fmt: skip
