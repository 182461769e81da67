"""Write the control map in docs/security.md: every control of docs/controls.yaml with the tests that show it.

python tools/controls.py            writes the table between its marks
python tools/controls.py --check    exits 1 when the table is out of date
"""

from __future__ import annotations

import sys
from typing import Any

import yaml
from conformance import ROOT, marked_tests

PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- controls: written by tools/controls.py -->\n", "<!-- end of controls -->\n"


def table() -> str:
    """The control map as text."""
    controls = yaml.safe_load((ROOT / "docs" / "controls.yaml").read_text(encoding="utf-8"))
    tests = marked_tests("control")
    unknown = sorted(set(tests) - set(controls))
    if unknown:
        raise SystemExit(f"controls that docs/controls.yaml does not have: {', '.join(unknown)}")
    states = {name: state(one, tests.get(name, [])) for name, one in controls.items()}
    counted = [sum(said.startswith(word) for said in states.values()) for word in ("shown", "partly", "not yet")]
    lines = [
        f"{counted[0]} of {len(controls)} controls are shown by tests, {counted[1]} partly, {counted[2]} not yet.",
        "",
        "| | source | control | state | tests |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, one in controls.items():
        found = "<br>".join(tests.get(name, []))
        lines.append(f"| {name} | {one['source']} | {one['zh']} · {one['en']} | {states[name]} | {found} |")
    return "\n".join(lines) + "\n"


def state(control: dict[str, Any], tests: list[str]) -> str:
    """How far a control is shown."""
    if not tests:
        return "not yet 未实现"
    lacks = control.get("lacks")
    return f"partly 部分:{lacks['zh']} · {lacks['en']}" if lacks else "shown 已验证"


def page() -> str:
    """The page with its table as it should be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == page() else 1)
    PAGE.write_text(page(), encoding="utf-8")
