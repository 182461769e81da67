"""What is said of the API is so: the committed description, the examples of the guide."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.test import Client

from access.test_matrix import HOLDERS
from program import Program
from suyuan import catalog
from suyuan.installation import current
from suyuan.ledger.sequencer import run_once
from world import World

pytestmark = pytest.mark.usefixtures("database")
DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = re.compile(r"```http\n(GET|POST) /api/(\S+)\n(.*?)→ (\d+) ?(\S*)\n```", re.DOTALL)


def test_the_committed_description_is_the_one_that_is_served() -> None:
    """`python tools/openapi.py` renews it."""
    served = Client().get("/api/openapi.json").json()
    assert served["openapi"].startswith("3.1")
    assert json.loads((DOCS / "openapi.json").read_text("utf-8")) == served


def test_each_type_has_its_own_rows_in_the_description() -> None:
    """From the catalog: every field of it, and none beside."""
    schemas = Client().get("/api/openapi.json").json()["components"]["schemas"]
    for name, rtype in catalog.current().types.items():
        fields = {field.name for field in rtype.fields.values() if field.type != "file"}
        assert set(schemas[f"Row_{name}"]["properties"]) == fields | {"_amends"}


def test_the_examples_of_the_guide_answer_as_it_says(fresh_world: World) -> None:
    """In its order, each on what the ones before it made."""
    programs: dict[str, Program] = {}
    known: dict[str, str] = {}
    examples = EXAMPLE.findall((DOCS / "api.md").read_text("utf-8"))
    assert len(examples) >= 12
    for method, path, rest, status, code in examples:
        lines = rest.splitlines()
        duty = next((line.removeprefix("as ") for line in lines if line.startswith("as ")), "collector")
        headers = dict(line.split(": ", 1) for line in lines if re.match(r"[A-Z][\w-]+: ", line))
        body = next((line for line in lines if line.startswith("{")), None)
        filled = [_filled(text, known) for text in (path, body or "")]
        sequence()
        if duty not in programs:
            programs[duty] = Program.of(getattr(fresh_world, HOLDERS[duty]))
        program = programs[duty]
        answer = (
            program.get(filled[0], **headers)
            if method == "GET"
            else program.post(filled[0], filled[1] or None, **headers)
        )
        assert answer.status_code == int(status), (path, answer.content.decode(errors="replace"))
        if code:
            assert answer.json()["error"]["code"] == code
        known |= _learned(answer)


def sequence() -> None:
    """Give every waiting entry its place: what `suyuan up` does each second."""
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        run_once(connection)


def _filled(text: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        text = text.replace("{" + name + "}", value)
    return text


def _learned(answer: Any) -> dict[str, str]:
    """What later examples need of an answer to a delivery."""
    if answer.status_code != 201:
        return {}
    body = answer.json()
    assert body["accepted"] + body["accepted_with_warnings"] == 1, body
    return {"batch": body["batch"], "digest": body["digest"], "record": body["outcomes"][0]["record"]}
