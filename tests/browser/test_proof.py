"""An inspector with the bundle, the key and an offline page, and nothing else."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from browser.delivery import deliver, example
from browser.people import confirm, sign_in
from suyuan.audit.cli import page as verifier_page
from suyuan.installation import current
from suyuan.ledger import keys
from suyuan.ledger.sequencer import run_once
from suyuan.review import actions as review
from world import World

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("database")]


@pytest.fixture
def bundle(visit: object, world: World, tmp_path: Path) -> Path:
    """A head of department takes the proof from the record's page."""
    sent = deliver(world.collector, "violation", example("violation", notice_no=f"3301{uuid4().int % 10**8:08}"))
    for who, step in ((world.first, 1), (world.second, 2)):
        with who.acting() as acting:
            review.decide(acting, sent.batch, step, "approve", sent.digest)
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        run_once(connection)
    page: Page = visit()  # type: ignore[operator]  # the fixture of this folder
    sign_in(page, world.head)
    page.goto(f"/record/{sent.records[0]}/")
    page.get_by_role("textbox", name="接收方").fill("市人民检察院")
    page.get_by_label("包含内容").check()
    page.get_by_role("button", name="出具证明包").click()
    with page.expect_download() as download:
        confirm(page, world.head)
    path = tmp_path / "proof.zip"
    download.value.save_as(path)
    return path


@pytest.fixture
def offline(browser: Browser, tmp_path: Path) -> Page:
    """The verifier opened from a file in a browser without a network."""
    (tmp_path / "verify.html").write_bytes(verifier_page())
    context = browser.new_context(offline=True, locale="zh-CN")
    page = context.new_page()
    page.goto((tmp_path / "verify.html").as_uri())
    return page


@pytest.mark.clause("5.3.1")
def test_an_inspector_checks_a_record_offline(bundle: Path, offline: Page, tmp_path: Path) -> None:
    """With the key it holds; without it the page says what that is worth; with another key, or changed, it fails."""
    public = keys.source().signers()[-1].public.hex()
    offline.set_input_files("#file", bundle)
    expect(offline.locator("#verdict")).to_contain_text("未填写另行取得的公钥")
    offline.fill("#key", public)
    offline.keyboard.press("Tab")
    expect(offline.locator("#verdict")).to_have_text("核验通过")
    expect(offline.locator("#checks .bad")).to_have_count(0)
    expect(offline.locator("#story")).to_contain_text("审核")
    offline.screenshot(path=Path("build") / "screenshots" / "verifier-1280.png", full_page=True) if Path(
        "build/screenshots"
    ).exists() else None
    offline.click("#language")
    expect(offline.locator("#verdict")).to_have_text("It holds")
    offline.fill("#key", "00" * 32)
    offline.keyboard.press("Tab")
    expect(offline.locator("#verdict")).to_contain_text("failed")


def test_the_page_notices_what_the_program_notices(bundle: Path, offline: Page, tmp_path: Path) -> None:
    """One change in each kind of thing, and a file that is no proof."""
    with zipfile.ZipFile(bundle) as file:
        good = json.loads(file.read("proof.json"))

    def said(change: object) -> str:
        changed = json.loads(json.dumps(good))
        change(changed)  # type: ignore[operator]  # a function on the proof
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as file:
            file.writestr("proof.json", json.dumps(changed))
        offline.set_input_files("#file", {"name": "p.zip", "mimeType": "application/zip", "buffer": out.getvalue()})
        expect(offline.locator("#record")).to_have_text(good["record"])
        return offline.locator("#verdict").inner_text()

    assert "自身一致" in said(lambda proof: None)
    changes = [
        lambda proof: proof["revisions"][0].update(author=proof["revisions"][0]["author"] + 1),
        lambda proof: proof["revisions"][0].update(opened="AAAA" + proof["revisions"][0]["opened"][4:]),
        lambda proof: proof["entries"][0].update(mac="00" * 32),
        lambda proof: proof["entries"][0]["path"].__setitem__(0, "00" * 32),
        lambda proof: proof["batches"][0]["decisions"][0].update(outcome="reject"),
        lambda proof: proof["batches"][0]["decisions"].pop(),
        lambda proof: proof["batches"][0]["chunks"][0].update(digest="00" * 32),
        lambda proof: proof.update(checkpoint=proof["checkpoint"].replace("suyuan/ledger\n", "suyuan/ledger\n1", 1)),
    ]
    unseen = [number for number, change in enumerate(changes) if "不通过" not in said(change)]
    assert unseen == []
    offline.set_input_files("#file", {"name": "p.zip", "mimeType": "application/zip", "buffer": b"no zip"})
    expect(offline.locator("#verdict")).to_contain_text("无法读取")
