"""Where the tables of this room stand: a finished import is bound to an entry, what is on its way in is nobody's evidence."""

from __future__ import annotations

from suyuan.ledger.bound import Bound
from suyuan.ledger.evidence import Placed, not_evidence

IMPORT = Bound(
    "collection_import", ("import_id",),
    ("import_id", "person", "ground", "agency", "level", "state", "source_digest", "mapping_digest", "about", "failure",
     "batch_id", "rows", "chunks_done", "rows_done", "tally", "created_at", "finished_at"),
    {"changed_at": "the same as finished_at once it is bound"},
    when="t.state IN ('done', 'withdrawn')", adopted=True,
)  # fmt: skip
EVIDENCE: tuple[Placed | Bound, ...] = (
    IMPORT,
    *not_evidence(
        "尚未报送的草稿和导入中的文件、逐行问题：只属采集人本人，报送后以记录为准",
        "drafts, uploaded files and findings on their way in: the collector's own; once sent in, the records count",
        "collection_draft", "collection_upload", "collection_found",
    ),
    *not_evidence(
        "对接口程序的答复，仅供重发时照样答复；所报批次另有审计条目",
        "what a program was answered, to answer the same again; the batch itself is entered",
        "collection_delivery",
    ),
)  # fmt: skip
