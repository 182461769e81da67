"""The static build: what pages load lies in the installation, and every icon they name is in the sprite."""

from __future__ import annotations

import re
from pathlib import Path

import suyuan

WEB = Path(suyuan.__file__).parent / "web"
USED = re.compile(r"""\{%\s*(?:icon|empty)\s+["']([a-z0-9-]+)["']|\bicon=["']([a-z0-9-]+)["']""")


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    """A misspelt icon would leave an empty place."""
    sprite = (WEB / "static/dist/icons.svg").read_text(encoding="utf-8")
    held = set(re.findall(r'<symbol id="([a-z0-9-]+)"', sprite))
    sources = [*WEB.parent.rglob("*.html"), *WEB.parent.rglob("*.py")]
    named = {first or second for path in sources for first, second in USED.findall(path.read_text(encoding="utf-8"))}
    assert named - held == set()


def test_pages_load_nothing_from_other_hosts() -> None:
    """Police networks are closed: no template names an outside address to load."""
    loads = re.compile(r"""(?:src|href|action)=["']https?://""")
    found = [path.name for path in WEB.parent.rglob("*.html") if loads.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_no_page_holds_script_or_style_of_its_own() -> None:
    """The policy forbids both, so a page that has them would be broken in the browser; the check of proofs is a file to take away."""
    inline = re.compile(
        r"""<script(?![^>]*(?:\bsrc=|application/json))|<style|\sstyle=|\son(?:click|change|submit|load|input)=|hx-on"""
    )
    pages = (path for path in WEB.parent.rglob("*.html") if path.name != "verify.html")
    found = [path.name for path in pages if inline.search(path.read_text(encoding="utf-8"))]
    assert found == []
