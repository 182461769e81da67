"""A checkpoint on paper: an A4 page with the signed note as text and as a QR code, for networks without any way out."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from hashlib import sha256
from html import escape

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.svg import SvgPathImage

from suyuan.installation import current
from suyuan.ledger import keys
from suyuan.ledger.errors import NothingWitnessed

_CHINA = timezone(timedelta(hours=8))
_PAGE = """<!doctype html>
<html lang="zh-Hans"><head><meta charset="utf-8"><title>审计账本检查点</title>
<style>
@page {{ size: A4; margin: 20mm }}
body {{ font: 12pt/1.6 "Noto Sans CJK SC", "SimSun", serif; max-width: 170mm; margin: 0 auto }}
h1 {{ font-size: 18pt; text-align: center }}
pre {{ font: 10pt/1.5 monospace; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #000; padding: 4mm }}
svg {{ display: block; width: 70mm; height: 70mm; margin: 6mm auto }}
dl {{ display: grid; grid-template-columns: 40mm 1fr; gap: 2mm }}
dt {{ font-weight: 700 }} dd {{ margin: 0; overflow-wrap: anywhere }}
.sign {{ display: grid; grid-template-columns: 1fr 1fr; gap: 10mm; margin-top: 14mm }}
.sign div {{ border-top: 1px solid #000; padding-top: 2mm }}
</style></head>
<body><h1>审计账本检查点 Ledger checkpoint</h1>
<dl><dt>打印时间</dt><dd>{at}</dd><dt>条目总数</dt><dd>{size}</dd><dt>签名公钥 SHA-256</dt><dd>{key}</dd></dl>
<pre>{note}</pre>{code}
<p>请由账本管理部门以外的人员签收并妥善保存。核对：扫描二维码，或逐字录入上框全文，执行 suyuan ledger witness check。
结果应为“一致”；“账本短于见证”或“不一致”即说明账本被截断、替换或重建。</p>
<p>Kept by somebody outside the department that runs the ledger. To check: scan or copy the note and run
`suyuan ledger witness check`.</p>
<div class="sign"><div>见证人 Witness</div><div>日期 Date</div></div></body></html>
"""


def page() -> str:
    """The newest checkpoint as an HTML page to print. Raises `NothingWitnessed` before the first one."""
    path = current().witness / "latest"
    if not path.exists():
        raise NothingWitnessed
    note, now = path.read_text(encoding="utf-8"), datetime.now(_CHINA)
    return _PAGE.format(
        at=f"{now.year}年{now.month}月{now.day}日 {now:%H:%M}", size=escape(note.split("\n")[1]), note=escape(note),
        key=sha256(keys.source().signers()[-1].public).hexdigest(),
        code=_drawn(note),
    )  # fmt: skip


def _drawn(note: str) -> str:
    """The note as a QR code, an SVG element; one damaged seventh can still be read (ISO/IEC 18004, level M)."""
    drawn = qrcode.make(note, image_factory=SvgPathImage, error_correction=ERROR_CORRECT_M)
    return str(drawn.to_string(encoding="unicode"))
