"""The REST API under `/api/`: the operations that each room lists in its `api.py`, one description, one shape of errors."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI

from suyuan.access.api import router as grounds
from suyuan.access.calls import Token
from suyuan.audit.api import router as proofs
from suyuan.collection.api import router as batches
from suyuan.records.api import router as records
from suyuan.review.api import router as reviews
from suyuan.web.api import description, refusals
from suyuan.web.api.body import Body


class API(NinjaAPI):
    """Every operation of every room, described as the catalog has its types."""

    def get_openapi_schema(self, **more: Any) -> Any:
        """OpenAPI 3.1."""
        return description.complete(super().get_openapi_schema(**more))


api = API(
    title="溯源 Suyuan", version="1", urls_namespace="api", docs_url=None, auth=Token(), parser=Body(),
    description="令牌、办理事由、错误格式见 docs/api.md。Tokens, grounds and errors: docs/api.md.",
)  # fmt: skip
for router in (grounds, records, batches, reviews, proofs):
    api.add_router("", router)
refusals.install(api)
