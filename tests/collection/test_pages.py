"""The pages of collection: the wizard from file to result, the form from first letter to record."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from suyuan.access.acting import acting
from suyuan.access.models import Account
from suyuan.collection import queries, tasks
from world import Somebody

OPEN = Path(__file__).parents[1] / "data" / "open"


@pytest.fixture
def browser(collector: Somebody) -> Client:
    """A signed-in collector's session."""
    client = Client()
    client.force_login(Account.objects.get(username=collector.username))
    client.post("/ground/", {"ground": collector.ground})
    return client


def upload(browser: Client, name: str, data: bytes) -> tuple[UUID, str]:
    """Upload a file; gives its import and the page about it."""
    answer = browser.post("/collect/import/", {"file": SimpleUploadedFile(name, data)})
    assert answer.status_code == 302, answer.content.decode()
    return UUID(re.findall(r"import/([0-9a-f-]{36})/", answer["Location"])[0]), page(browser, answer["Location"])


def page(browser: Client, address: str) -> str:
    """A page that must be there."""
    answer = browser.get(address)
    assert answer.status_code == 200, answer.content.decode()[:3000]
    return answer.content.decode()


def finish(collector: Somebody, import_id: UUID) -> None:
    """What the worker does."""
    tasks.take_in(import_id, collector.person, collector.ground)


@pytest.mark.clause("3.1.2")
def test_a_known_file_goes_from_upload_to_result(browser: Client, collector: Somebody) -> None:
    """The shipped mapping is found by the columns; rows before and after are shown; the result reconciles."""
    import_id, text = upload(browser, "uk.csv", (OPEN / "uk_west_yorkshire_street_2016-07.csv").read_bytes())
    assert "uk_street_crime" in text
    assert "Swithen Hill" in text
    assert "300" in text
    assert browser.post(f"/collect/import/{import_id}/start/").status_code == 302
    assert "hx-get" in page(browser, f"/collect/import/{import_id}/progress/")
    assert "<progress" in page(browser, f"/collect/import/{import_id}/")
    finish(collector, import_id)
    text = page(browser, f"/collect/import/{import_id}/")
    assert "已完成" in text
    assert browser.get(f"/collect/import/{import_id}/progress/")["HX-Refresh"] == "true"
    workbook = browser.get(f"/collect/import/{import_id}/findings.xlsx")
    assert b"".join(workbook.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]  # a streaming answer
    with connection.cursor() as cursor, acting(collector.person, collector.ground):
        cursor.execute("SELECT count(*) FROM collection_upload")
        assert cursor.fetchone() == (0,)


def test_an_unknown_file_gets_a_proposal_that_can_be_changed(browser: Client, collector: Somebody) -> None:
    """Chinese headers find their fields; the table and the text both change the mapping; mistakes are told with their line."""
    data = "决定书编号,发生日期,发生地点,事实描述,记分\nA1,2024年3月5日,示例大街,闯红灯,6\n".encode("gb18030")
    import_id, text = upload(browser, "violations.csv", data)
    assert "GB18030" in text
    assert "selected>交通违法" in text
    assert re.search(r"<option selected>\s*决定书编号", text)
    assert "%Y年%m月%d日" in text
    address = f"/collect/import/{import_id}/mapping/"
    browser.post(address, {"how": "table", "type": "violation", "basis": "依法调取", "column.notice_no": "决定书编号", "column.occurred_on": "发生日期",
                           "form.occurred_on": "%Y年%m月%d日", "column.description": "事实描述"})  # fmt: skip
    with acting(collector.person, collector.ground) as who:
        job = queries.job(who, import_id)
    assert "记分" not in job.about["mapping"]
    assert job.about["legal_basis"] == "依法调取"
    wrong = browser.post(
        address, {"how": "text", "text": job.about["mapping"] + "wrong: 1\n"}, follow=True
    ).content.decode()
    assert "mapping.yaml:" in wrong
    browser.post(f"/collect/import/{import_id}/start/")
    finish(collector, import_id)
    with acting(collector.person, collector.ground) as who:
        assert queries.job(who, import_id).tally.taken == 1


def test_a_wrong_guess_of_the_encoding_can_be_put_right(browser: Client) -> None:
    """A doubtful file is said to be doubtful, and read again as the person says."""
    import_id, text = upload(browser, "x.csv", "name,x\ncaf\xe9,1\n".encode("cp1252"))
    assert "不能确定" in text
    browser.post(f"/collect/import/{import_id}/reading/", {"encoding": "windows-1252", "header_row": "1"})
    assert "café" in page(browser, f"/collect/import/{import_id}/")


@pytest.mark.parametrize("name", ["calamine/pass_protected.xlsx", "csvkit/empty.csv", "calamine/issue_594_dos.ods"])
def test_a_file_that_cannot_be_read_is_refused_on_the_page(name: str, browser: Client) -> None:
    """What is wrong and what to do, and nothing kept."""
    data = (OPEN.parent / "hostile" / name).read_bytes()
    answer = browser.post("/collect/import/", {"file": SimpleUploadedFile(Path(name).name, data)}, follow=True)
    assert answer.status_code == 200
    assert "alert-danger" in answer.content.decode()
    assert "尚未导入文件" in answer.content.decode()


def test_someone_elses_import_is_not_there(browser: Client) -> None:
    """Hidden and missing answer alike."""
    assert browser.get("/collect/import/01890000-0000-7000-8000-000000000000/").status_code == 404


@pytest.mark.clause("3.1.1")
def test_a_form_is_checked_while_typing_and_becomes_a_record(browser: Client, collector: Somebody) -> None:
    """Draft saved, finding beside the field, then sent to the first review."""
    text = page(browser, "/collect/new/violation/")
    draft = re.findall(r"/collect/draft/([0-9a-f-]{36})/check/", text)[0]
    assert "违法事实" in text
    values = {"_type": "violation", "_tab": "t", "notice_no": "F-1", "occurred_on": "2999-01-01", "description": "测试"}
    answer = browser.post(f"/collect/draft/{draft}/check/", values).content.decode()
    assert "发生日期晚于当前日期" in answer
    assert "草稿已保存" in answer
    assert "必填" not in answer
    assert draft in page(browser, "/collect/new/")
    assert 'value="F-1"' in page(browser, f"/collect/draft/{draft}/")
    refused = browser.post(f"/collect/draft/{draft}/", values)
    assert refused.status_code == 422
    sent = browser.post(f"/collect/draft/{draft}/", values | {"occurred_on": "2024-03-05"})
    assert (sent.status_code, "/record/" in sent["Location"]) == (302, True)
    assert draft not in page(browser, "/collect/new/")
    text = page(browser, "/collect/new/violation/")
    draft = re.findall(r"/collect/draft/([0-9a-f-]{36})/check/", text)[0]
    twin = browser.post(f"/collect/draft/{draft}/", values | {"occurred_on": "2024-03-06"})
    assert twin.status_code == 409
    assert "已有相同编号的记录" in twin.content.decode()


def test_an_identity_number_fills_birth_and_sex(browser: Client) -> None:
    """The two fields come back filled, and only when they were empty."""
    text = page(browser, "/collect/new/resident/")
    draft = re.findall(r"/collect/draft/([0-9a-f-]{36})/check/", text)[0]
    answer = browser.post(
        f"/collect/draft/{draft}/check/", {"_type": "resident", "id_no": "110101199003078013"}
    ).content.decode()
    assert 'value="1990-03-07"' in answer
    assert re.search(r'<option value="1" selected>', answer)


def test_codes_are_found_by_pinyin_initials(browser: Client) -> None:
    """`dqa` finds 盗窃案; choosing one puts its number into the form."""
    answer = browser.post("/collect/codes/case/category/", {"q.category": "dqa"}).content.decode()
    assert "盗窃案" in answer
    code = re.findall(r"code=([0-9]+)", answer)[0]
    assert f'value="{code}"' in page(browser, f"/collect/pick/case/category/?code={code}")


@pytest.mark.parametrize("type_id", sorted(__import__("suyuan.catalog", fromlist=["load"]).load().types))
def test_every_type_has_a_form(type_id: str, browser: Client) -> None:
    """All of the catalog can be entered by hand."""
    assert f'value="{type_id}"' in page(browser, f"/collect/new/{type_id}/")


def test_the_pages_need_a_signed_in_person(collector: Somebody) -> None:
    """Nobody's session is sent to the sign-in page."""
    for address in ("/collect/new/", "/collect/new/violation/", "/collect/import/"):
        assert Client().get(address).status_code == 302
