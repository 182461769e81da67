"""Where the tables of this room stand: nearly all follow from contents that are decrypted again (`verify.py`)."""

from __future__ import annotations

from suyuan.ledger.bound import Bound
from suyuan.ledger.evidence import Placed, recomputed

# A chunk's links stand in one entry, since an import makes thousands of them: no trigger, and one digest.
LINKS = Bound(
    "records_link", ("batch_id", "chunk_no"), ("record_id", "rev", "field", "target_id", "agency", "level"),
    order=("record_id", "rev", "field", "target_id"),
    source="(SELECT l.*, v.batch_id, v.seq / 1000000 AS chunk_no FROM records_link l "
    "LEFT JOIN records_revision v USING (record_id, rev))",
    appended=True, adopted=True,
)  # fmt: skip
EVIDENCE: tuple[Placed | Bound, ...] = (
    recomputed("records_batch"),
    recomputed("records_chunk"),
    recomputed("records_record"),
    recomputed("records_revision"),
    recomputed("records_key"),
    recomputed("records_setback", at="the return it follows from has the time"),
    recomputed("records_export"),
    LINKS,
    Bound(
        "records_release", ("number",), ("number", "release", "content", "files", "person", "reason", "at"), appended=True
    ),
    Bound(
        "records_disposal", ("record_id",),
        ("record_id", "agency", "level", "asked_by", "asked_at", "basis", "done_by", "done_at"), adopted=True,
    ),
    Bound(
        "records_key_destruction", ("destruction",),
        ("destruction", "key_id", "asked_by", "asked_at", "confirmed_by", "confirmed_at"),
    ),
)  # fmt: skip
