"""Where the tables of this room stand: decisions and samples have entries of their own, looks are bound (`verify.py`)."""

from __future__ import annotations

from suyuan.ledger.bound import Bound
from suyuan.ledger.evidence import Placed, not_evidence, recomputed

# What was on screen together has one digest: a page of a sample is one look.
LOOKS = Bound(
    "review_look", ("batch_id", "step", "reviewer", "at"),
    ("batch_id", "step", "reviewer", "seq", "agency", "level", "at"),
    order=("seq",), appended=True, adopted=True,
)  # fmt: skip
EVIDENCE: tuple[Placed | Bound, ...] = (
    recomputed("review_decision"),
    recomputed("review_return"),
    recomputed("review_sample"),
    LOOKS,
    *not_evidence(
        "复核人办理中的标注：只供本人续办，作出决定后以审核结论和退回理由为准",
        "marks of a reviewer at work, for that reviewer to go on; once decided, the decision and its returns count",
        "review_mark",
    ),
)
