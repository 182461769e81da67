"""Calls made up from the description of the API, by a library, and what of it the answers break.

Some calls fit the description and name what is there, some fit it and name anything, some do not fit it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from program import Program
from world import Somebody


@dataclass
class Found:
    """How many calls were made, with which answers by operation, and the first fault of each kind."""

    calls: int = 0
    answers: dict[str, Counter[int]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def reached(self) -> float:
        """The share of operations that answered at least one call with success."""
        return sum(any(200 <= status < 300 for status in one) for one in self.answers.values()) / len(self.answers)

    def note(self, operation: str, status: int) -> None:
        """Count one answer."""
        self.calls += 1
        self.answers.setdefault(operation, Counter())[status] += 1


@dataclass(frozen=True)
class Known:
    """What is there: path parameters by name, and for some operations others with the body that fits them."""

    path: dict[str, Any]
    bodies: dict[str, tuple[dict[str, Any], Any]]


def description() -> Any:
    """The description as the server gives it, tied to the server in this process."""
    config = schemathesis.Config.from_dict({"generation": {"allow-x00": False, "with-security-parameters": False}})
    return schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application(), config=config)


def fuzz(
    who: Somebody, known: Known, each: int, found: Found, start: int = 0, *,
    types: Container[str] = (), only: Container[str] = (),
) -> None:  # fmt: skip
    """Call operations for somebody, `each` times in each of three ways, and note what came of it.

    All of them, or `only` some; of the deliveries those of `types`, unless it is empty.
    """
    headers = Program.of(who, ground=False).headers
    for made in description().get_all_operations():
        operation = made.ok()
        name = operation.definition.raw["operationId"]
        kind = name.removeprefix("submit_batch_")
        if (only and name not in only) or (types and kind != name and kind not in types):
            continue
        for number, calls in enumerate(_calls(operation, name, who, known)):
            # An operation without parameters has nothing to get wrong.
            with suppress(Unsatisfiable):
                _run(calls, each, start * 3 + number, partial(_call, name=name, headers=headers, found=found))


def _calls(operation: Any, name: str, who: Somebody, known: Known) -> Iterator[Any]:
    """What fits and names what is there, what fits, what does not."""
    ground = {} if name == "grounds" else {"headers": {"Suyuan-Ground": str(who.ground)}}
    names = {one.name for one in operation.path_parameters}
    path, body = known.bodies.get(name, ({}, None))
    there: dict[str, Any] = {k: v for k, v in (known.path | path).items() if k in names}
    fixed = {"body": body, "media_type": "application/json"} if body else {}
    yield operation.as_strategy(generation_mode=GenerationMode.POSITIVE, path_parameters=there, **ground, **fixed)
    yield operation.as_strategy(generation_mode=GenerationMode.POSITIVE, **ground)
    yield operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)


def _run(calls: Any, each: int, number: int, call: Callable[[Case], None]) -> None:
    @seed(number)
    @settings(max_examples=each, phases=[Phase.generate], database=None, deadline=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=calls)
    def one(case: Case) -> None:
        call(case)

    one()


def _call(case: Case, *, name: str, headers: dict[str, str], found: Found) -> None:
    """One call. Whether it is refused without a token is asked for the first few of each operation: it doubles the calls."""
    asked = found.answers.get(name, Counter()).total()
    try:
        response = case.call(headers=headers)
        found.note(name, response.status_code)
        left_out = [ignored_auth] if asked >= 5 else []
        left_out += [positive_data_acceptance] if _only_senseless(response) else []
        case.validate_response(
            response, headers=headers, transport_kwargs={"headers": headers}, excluded_checks=left_out
        )
    except FailureGroup as group:
        for fault in group.exceptions:
            if isinstance(fault, Failure):
                found.faults.setdefault(f"{name} {fault.title}", f"{fault}\n{group}"[:3000])


def _only_senseless(response: Any) -> bool:
    """Whether a call was refused for what no description can say: a code that is in no table, 30 February."""
    if response.status_code != 422:
        return False
    found = response.json()["error"]["findings"]
    return all(one["rule"] == "unknown_code" or one["where"] in ("query.after", "body.after") for one in found)
