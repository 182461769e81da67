"""Writes docs/openapi.json, the API's description with the shipped catalog.

SUYUAN_DATA=/dev/null python tools/openapi.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import django

OUT = Path(__file__).parent.parent / "docs" / "openapi.json"


def main() -> None:
    """Write the file."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "suyuan.web.settings")
    django.setup()
    from suyuan.web.api import api

    text = json.dumps(api.get_openapi_schema(), ensure_ascii=False, indent=1)
    OUT.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
