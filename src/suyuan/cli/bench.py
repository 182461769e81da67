"""`suyuan bench`: the figures of docs/performance.md, each a script in `bench/` of a clone."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import click

from suyuan.cli.clone import source_folder
from suyuan.installation.command import data_option, json_option


def scripts(folder: Path) -> dict[str, str]:
    """Every bench by name, with the first line of its docstring."""
    found = {}
    for path in sorted(folder.glob("*.py")):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        if said and not path.name.startswith("_"):
            found[path.stem] = said.splitlines()[0]
    return found


@click.command(context_settings={"ignore_unknown_options": True})
@data_option
@click.option("--list", "listing", is_flag=True, help="列出 List them")
@json_option
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(listing: bool, as_json: bool, name: str | None, arguments: tuple[str, ...]) -> int:
    """测量性能（需源码目录）。Measure a figure; needs a clone. The ratio comes last."""
    root = source_folder("bench")
    known = scripts(root / "bench")
    if listing or name is None:
        text = "\n".join(f"{key:16} {said}" for key, said in known.items())
        click.echo(json.dumps(known, ensure_ascii=False) if as_json else text)
        return 0
    if name not in known:
        raise click.BadParameter(f"{name}: {', '.join(known)}", param_hint="NAME")
    paths = os.pathsep.join([str(root / "src"), str(root)])
    script = [sys.executable, str(root / "bench" / f"{name}.py"), *arguments, *(["--json"] if as_json else [])]
    return subprocess.run(script, env=os.environ | {"PYTHONPATH": paths}, cwd=root, check=False).returncode
