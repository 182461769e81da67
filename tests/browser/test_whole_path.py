"""The whole life of a record in a browser: brought by one person, reviewed by others, in force, found, proved."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from playwright.sync_api import FilePayload, Page, expect

from browser.people import sign_in
from suyuan.ledger.verify import verify
from world import Somebody, World, enter_powers

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]
OPEN = Path(__file__).parents[1] / "data" / "open"
HEADER = ("决定书编号", "发生日期", "发生地点", "事实描述", "号牌号码", "驾驶人姓名", "记分")


class Delivery(NamedTuple):
    """A file to bring, and what must become of it: its rows, those taken, a rule that finds something, what to look for."""

    file: FilePayload
    encoding: str
    type: str
    rows: int
    taken: int
    rule: str
    sought: str


@pytest.fixture
def cleared(world: World, superuser: Callable[[], psycopg.Connection[tuple[object, ...]]]) -> World:
    """The province with everybody cleared for level 2, where cases lie."""
    superuser().execute("UPDATE access_duty SET clearance = 2")
    enter_powers()
    return world


def street_crime() -> Delivery:
    """The real extract of West Yorkshire, as it was published."""
    path = OPEN / "uk_west_yorkshire_street_2016-07.csv"
    file = FilePayload(name=path.name, mimeType="text/csv", buffer=path.read_bytes())
    return Delivery(file, "utf-8", "案件", 300, 300, "", "Swithen Hill")


def violations() -> Delivery:
    """Thirty made-up violations in GB18030: two without a date, and one from a year that has not come."""
    rows = [
        (f"33010024{n:06}", "2024年3月5日", f"文三路{n}号路口", "红灯亮时通过路口停止线", f"浙A{n:05}", "欧阳示例", "6")
        for n in range(1, 31)
    ]
    rows[10] = (rows[10][0], "", *rows[10][2:])
    rows[11] = (rows[11][0], "", *rows[11][2:])
    rows[12] = (rows[12][0], "2999年1月1日", *rows[12][2:])
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    file = FilePayload(name="三月违法.csv", mimeType="text/csv", buffer=text.getvalue().encode("gb18030"))
    return Delivery(file, "gb18030", "交通违法", 30, 27, "发生日期晚于当前日期", "浙A00007")


@pytest.mark.clause("3.1.2", "3.2.1", "3.2.2", "4.2", "5.3.1")
@pytest.mark.parametrize("delivery", [violations(), street_crime()], ids=["violations", "street_crime"])
def test_a_file_goes_from_the_wizard_into_force(delivery: Delivery, visit: Visit, cleared: World) -> None:
    """Four people, one after another; at the end the record says who they were, and the ledger is sound."""
    collector = visit()
    sign_in(collector, cleared.collector)
    bring(collector, delivery)
    look_before_and_after(collector, delivery)
    collector.get_by_role("button", name="开始导入").last.click()
    expect(collector.get_by_role("progressbar")).to_be_visible()
    collector.reload()
    expect(collector.get_by_role("progressbar")).to_be_visible()
    with worker():
        read_receipt(collector, delivery)
        for reviewer in (cleared.first, cleared.second):
            approve(visit(), reviewer, delivery)
        page = visit()
        sign_in(page, cleared.colleague)
        find(page, delivery)
        read_record(page, delivery, cleared)
        settle()
    assert list(verify()) == []


@pytest.mark.clause("3.1.1", "3.2.2")
def test_a_form_comes_back_with_a_reason_at_the_field_and_goes_through(visit: Visit, world: World) -> None:
    """The first reviewer gives back one field; the collector reads why where it stands, corrects it, and all approve."""
    collector, first, second = visit(), visit(), visit()
    for page, who in ((collector, world.collector), (first, world.first), (second, world.second)):
        sign_in(page, who)
    enter(collector, notice_no="WP-1", occurred_on="2024-03-05", address="文三路", description="闯红灯")
    record = collector.url
    give_back(first, "WP-1", {"地址或地点": "请写明路口或门牌", "事实描述": "写明车道"})

    collector.goto("/")
    expect(collector.get_by_role("link", name="退回待更正")).to_contain_text("1")
    collector.goto(record)
    expect(collector.locator("section[aria-labelledby=chain]")).to_contain_text("地址或地点：请写明路口或门牌")
    collector.get_by_role("button", name="提交更正").click()
    for name, reason in {"address": "请写明路口或门牌", "description": "写明车道"}.items():
        expect(collector.locator(f"div:has(> #f-{name})")).to_contain_text(reason)
    collector.fill("#f-address", "文三路与学院路交叉口")
    collector.fill("#f-description", "红灯亮时在左转车道通过路口停止线")
    collector.get_by_role("button", name="提交初审").click()
    expect(collector.locator("#content")).to_contain_text("第 2 版")

    open_batch(first, "交通违法")
    expect(first.locator("#content")).to_contain_text("文三路与学院路交叉口")
    expect(first.locator(".sy-changed")).to_contain_text("与上次提交的内容相比，改动 2 项")
    first.get_by_role("link", name="与上一版本比较").click()
    expect(first.locator("del").first).not_to_have_text("文三路")
    first.get_by_role("button", name="显示标识信息").click()
    expect(first.locator("del").first).to_have_text("文三路")
    expect(first.locator("ins").first).to_have_text("文三路与学院路交叉口")
    for page in (first, second):
        open_batch(page, "交通违法")
        sign(page, "通过")
    collector.goto(record)
    expect(collector.locator(".sy-head")).to_contain_text("生效")


def bring(page: Page, delivery: Delivery) -> None:
    """Upload the file and confirm how it is read."""
    page.goto("/")
    page.get_by_role("link", name="导入文件").first.click()
    page.set_input_files("#file", delivery.file)
    page.get_by_role("button", name="上传并识别").click()
    expect(page.locator("h1")).to_have_text(delivery.file["name"])
    page.select_option("#encoding", delivery.encoding)
    page.get_by_role("button", name="重新读取").click()
    expect(page.locator("#encoding")).to_have_value(delivery.encoding)


def look_before_and_after(page: Page, delivery: Delivery) -> None:
    """Twenty rows on either side, every row counted, and what is wrong counted by rule."""
    expect(page.locator("#content")).to_contain_text(f"{delivery.rows} 行")
    for side in ("导入前", delivery.type):
        expect(page.get_by_role("region", name=side).locator("tbody tr")).to_have_count(20)
    counts = [int(text) for text in page.locator(".sy-tile b").all_inner_texts()]
    assert counts[0] == delivery.rows == sum(counts[1:])
    if delivery.rule:
        found = page.locator("section[aria-labelledby=tried] tr", has_text=delivery.rule)
        expect(found.locator(".num")).to_have_text("1")


def read_receipt(page: Page, delivery: Delivery) -> None:
    """The open page turns into the receipt by itself."""
    expect(page.get_by_role("heading", name="导入结果")).to_be_visible(timeout=60_000)
    counts = [int(text) for text in page.locator(".sy-tile b").all_inner_texts()]
    assert counts[0] == delivery.rows == sum(counts[1:])
    assert counts[1] + counts[2] == delivery.taken
    page.get_by_role("link", name="查看这一批次").click()
    expect(page.locator(".sy-head")).to_contain_text("待初审")


def open_batch(page: Page, type_label: str) -> None:
    """From the desk to the one batch of a type that waits."""
    page.goto("/")
    page.get_by_role("link", name="审核").first.click()
    page.locator("tbody tr", has_text=type_label).get_by_role("link").click()


def approve(page: Page, who: Somebody, delivery: Delivery) -> None:
    """Draw the sample, look through all of it, and sign."""
    sign_in(page, who)
    open_batch(page, delivery.type)
    expect(page.get_by_role("button", name="通过")).to_be_disabled()
    with page.expect_navigation():
        page.get_by_role("button", name="抽样").click()
    expect(page.get_by_role("heading", name="样本")).to_be_visible()
    expect(page.locator("#signing")).to_contain_text("全部查看后方可通过")
    # Turning a page keeps the marks on it, so it is a button and no link.
    while (following := page.get_by_role("button", name="下一页")).count():
        expect(page.get_by_role("button", name="通过")).to_be_disabled()
        with page.expect_navigation():
            following.click()
    expect(page.locator("#signing")).to_contain_text("样本已全部查看")
    sign(page, "通过")


def sign(page: Page, outcome: str) -> None:
    """Press one of the three outcomes and come back to the desk."""
    page.get_by_role("button", name=outcome, exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text(f"已签署：{outcome}")


def enter(page: Page, **values: str) -> None:
    """Fill in and send the form of a violation."""
    page.goto("/collect/new/violation/")
    for name, value in values.items():
        page.fill(f"#f-{name}", value)
    page.get_by_role("button", name="提交初审").click()
    expect(page.locator("#content")).to_contain_text("待初审")


def give_back(page: Page, title: str, reasons: dict[str, str]) -> None:
    """Return one record with a reason at each of some fields."""
    open_batch(page, "交通违法")
    row = page.locator("article", has_text=title)
    row.get_by_text("退回这一条").click()
    for number, (field, reason) in enumerate(reasons.items()):
        row.get_by_label("字段").nth(number).select_option(label=field)
        row.get_by_label("理由").nth(number).fill(reason)
    page.keyboard.press("Tab")
    expect(row.get_by_label("退回采集人")).to_be_checked()
    expect(page.locator("#signing")).to_contain_text("将退回 1 条")
    # Nothing is left of the batch, so it can only go back as a whole.
    expect(page.get_by_role("button", name="通过", exact=True)).to_be_disabled()
    page.get_by_role("button", name="整批退回", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已签署：退回")


def find(page: Page, delivery: Delivery) -> None:
    """Search finds the record, in force, and leads to it."""
    page.fill("[data-top-search]", delivery.sought)
    page.keyboard.press("Enter")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("生效")
    expect(row).to_contain_text(delivery.type)
    row.get_by_role("link").click()


def read_record(page: Page, delivery: Delivery, world: World) -> None:
    """Where it came from, who answered for it, its revisions, and who looked."""
    page.reload()
    expect(page.locator("#content")).to_contain_text(f"来源：{delivery.file['name']}")
    chain = page.locator("section[aria-labelledby=chain]")
    for who in (world.collector, world.first, world.second):
        expect(chain).to_contain_text(who.name)
    expect(page.locator("section:has(#revisions)")).to_contain_text("生效")
    expect(page.locator("section:has(#looks)")).to_contain_text(world.colleague.name)


@contextmanager
def worker() -> Iterator[None]:
    """The background process, on the database of this test."""
    script = Path(__file__).parents[1] / "witnessed.py"
    process = subprocess.Popen([sys.executable, script, "worker"], stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def settle() -> None:
    """Wait until every entry has its place in the ledger."""
    deadline = time.monotonic() + 20
    while list(verify()) and time.monotonic() < deadline:
        time.sleep(0.5)
