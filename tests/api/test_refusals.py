"""Every refusal in one shape, in the reader's language, and nothing told of what is hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from api.test_matrix import calls
from delivered import BASIS, deliver, rows_of
from program import Program
from suyuan.web.settings import DATA_UPLOAD_MAX_MEMORY_SIZE
from world import World

pytestmark = pytest.mark.usefixtures("database")
Superuser = Callable[[], psycopg.Connection[Any]]
MISSING = "00000000-0000-7000-8000-000000000000"
OPERATIONS = calls(MISSING, MISSING, "00" * 32)  # type: ignore[arg-type]  # only put into addresses


def shape(answer: Any) -> dict[str, Any]:
    """The error of an answer, which has the one shape and nothing beside it."""
    assert answer["Content-Type"].startswith("application/json"), answer.content
    body = answer.json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert {"code", "message", "mend"} <= set(error) <= {"code", "message", "mend", "findings"}
    assert all(isinstance(error[name], str) and error[name] for name in ("code", "message"))
    return error


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_refuses_in_one_shape(world: World, name: str) -> None:
    """Without a token, with a wrong one, under no ground, for a duty that may not, by a wrong method, with a broken body."""
    method, path, given = OPERATIONS[name]
    trainer = Program.of(world.trainer)
    token = trainer.headers["Authorization"].split(" ")[1]
    answers = {
        401: [getattr(Program(word), method)(path, given) for word in ("", "x")],
        403: [] if name == "grounds" else [getattr(one, method)(path, given) for one in (trainer, Program(token, 999_999))],
        405: [trainer._client.put(f"/api/{path}", headers=trainer.headers)],
        400: [trainer.post(path, "{")] if isinstance(given, dict) and method == "post" else [],
    }  # fmt: skip
    for status, found in answers.items():
        for answer in found:
            assert answer.status_code == status, (name, answer.content.decode())
            shape(answer)


@pytest.mark.parametrize(
    ("language", "word"), [("zh", "令牌"), ("en-GB,zh;q=0.5", "token"), ("fr", "令牌"), ("", "令牌")]
)
def test_refusals_speak_the_language_that_was_asked_for(world: World, language: str, word: str) -> None:
    """Chinese where neither language was."""
    error = shape(Program("x", language=language).get("types"))
    assert word in error["message"]


@pytest.mark.clause("5.1.2")
@pytest.mark.control("C9")
def test_hidden_and_missing_records_answer_alike(world: World) -> None:
    """Status, body and headers, for every operation on a record or a batch."""
    batch, result, receipt = deliver(world.collector, "violation", rows_of("violation", 1))
    hidden = calls(result.records[1], batch, (receipt.digest or b"").hex())
    collector, reviewer = Program.of(world.outsider), Program.of(world.outside_first)
    for name, (method, path, given) in hidden.items():
        if path != OPERATIONS[name][1]:
            for program in (collector, reviewer):
                answers = [getattr(program, method)(one, given) for one in (path, OPERATIONS[name][1])]
                assert answers[0].status_code in (403, 404), name
                told = [(one.status_code, one.content, sorted(one.headers.items())) for one in answers]
                assert told[0] == told[1], name


@pytest.mark.clause("1.3.1", "5.1.2")
@pytest.mark.control("C9")
@pytest.mark.parametrize("state", ["sealed", "disposed"])
def test_closed_and_missing_records_answer_alike(fresh_world: World, superuser: Superuser, state: str) -> None:
    """A sealed record, and one whose content is destroyed: every operation answers as for none, also with the history."""
    _, result, _ = deliver(fresh_world.collector, "violation", rows_of("violation", 1))
    closed, program, owner = str(result.records[1]), Program.of(fresh_world.second), superuser()
    assert program.get(f"records/{closed}/history").status_code == 200
    owner.execute("SET session_replication_role = replica")
    gone = ", wrapped_key = NULL, in_force_rev = NULL" if state == "disposed" else ""
    owner.execute(f"UPDATE records_record SET state = '{state}'{gone}")
    every = calls(result.records[1], MISSING, "00" * 32)  # type: ignore[arg-type]  # only put into addresses
    asked = {name: one for name, one in every.items() if closed in one[1]}
    assert "record_history" in asked and "open_record" in asked
    for name, (method, path, given) in asked.items():
        answers = [getattr(program, method)(one, given) for one in (path, path.replace(closed, MISSING))]
        told = [(one.status_code, one.content) for one in answers]
        assert told[0] == told[1] and told[0][0] in (400, 403, 404), name


def test_wrong_input_says_where(world: World) -> None:
    """Each place that is wrong, by its name in the request; nothing was taken in."""
    program = Program.of(world.collector)
    error = shape(
        program.post("types/violation/batches", {"basis": BASIS, "rows": [{"notice": "1", "points": {"a": 1}}]})
    )
    assert [(one["where"], one["rule"]) for one in error["findings"]] == [
        ("body.rows[0].notice", "unknown_field"), ("body.rows[0].points", "no_value"),
    ]  # fmt: skip
    error = shape(program.get("types/violation/records", {"limit": "0", "after": "x", "state": "gone"}))
    assert {one["where"] for one in error["findings"]} == {"query.limit", "query.after", "query.state"}
    error = shape(program.post("types/violation/search", {"codes": {"colour": "1", "place": "nowhere"}}))
    assert {(one["where"], one["rule"]) for one in error["findings"]} == {
        ("body.codes.colour", "unknown_code"), ("body.codes.place", "unknown_code"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        '{"basis": "x", "basis": "y", "rows": []}',
        '{"basis": NaN}',
        '{"basis": "\\u0000"}',
        '{"basis": "\\ud800"}',
        "[" * 100_000,
        "",
        "9" * 5000,
    ],
)
def test_a_body_that_is_no_json_is_refused(world: World, body: str) -> None:
    """Names twice, numbers that are none, text that is none, nests without end."""
    answer = Program.of(world.collector).post("types/violation/batches", body)
    assert answer.status_code in (400, 422)
    shape(answer)


def test_a_body_that_is_too_large_or_of_another_kind_is_refused(world: World) -> None:
    """With the limit and the way out."""
    program = Program.of(world.collector)
    large = program.post("types/violation/batches", " " * (DATA_UPLOAD_MAX_MEMORY_SIZE + 1))
    assert large.status_code == 413
    assert "10 MB" in shape(large)["message"]
    many = program.post("types/violation/batches", {"basis": "x", "rows": [{}] * 5001})
    assert shape(many)["findings"][0]["rule"] == "too_long"
    form = program._client.post("/api/types/violation/batches", {"basis": "x"}, headers=program.headers)
    assert form.status_code == 415
    shape(form)


def test_what_is_no_address_is_told_in_the_same_shape(world: World) -> None:
    """Below /api/ only; a page stays a page."""
    program = Program.of(world.collector)
    for path in ("", "nothing", "records/x", "types/"):
        answer = program.get(path)
        assert answer.status_code == 404
        shape(answer)
    assert program._client.get("/nothing/")["Content-Type"].startswith("text/html")


@pytest.mark.control("C40")
def test_a_fault_of_ours_is_told_in_the_same_shape(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a word of what broke."""
    from suyuan.records import listing

    monkeypatch.setattr(listing, "find", lambda *_a, **_k: 1 // 0)
    answer = Program.of(world.collector).get("types/violation/records")
    assert answer.status_code == 500
    assert "division" not in str(shape(answer))


@pytest.mark.clause("5.3.1")
def test_too_many_looks_are_stopped_with_the_time_to_wait(world: World, superuser: Any) -> None:
    """The limit of a person and ground, counted as the pages count."""
    [row] = rows_of("violation", 1)
    _, result, _ = deliver(world.colleague, "violation", [row | {"notice_no": "LIMIT"}])
    superuser().execute("UPDATE access_limit SET most = 2 WHERE kind = 'look'")
    program = Program.of(world.colleague)
    answers = [program.get(f"records/{result.records[1]}") for _ in range(3)]
    superuser().execute("UPDATE access_limit SET most = 120 WHERE kind = 'look'")
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) > 0
    assert shape(answers[2])["code"] == "access.limit_reached"


@pytest.mark.clause("1.3.3")
@pytest.mark.control("C9")
def test_what_identifies_a_person_is_masked_until_revealed(world: World) -> None:
    """In the list, the record, its history and comparisons; one value at a time in clear, under a purpose only."""
    [row] = rows_of("violation", 1, plate="浙A86421")
    _, result, _ = deliver(world.collector, "violation", [row | {"notice_no": "MASK"}])
    record, program = result.records[1], Program.of(world.collector)
    for path in ("types/violation/records", f"records/{record}", f"records/{record}/history"):
        assert "浙A86421" not in str(program.get(path).json()), path
    shown = program.post(f"records/{record}/revisions/1/reveal/plate")
    assert shown.json() == {"field": "plate", "value": "浙A86421", "means": {}}
    on_duty = Program.of(world.head, ground=False).get(f"records/{record}")
    assert (on_duty.status_code, shape(on_duty)["code"]) == (403, "access.no_purpose")
