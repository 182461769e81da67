"""The platform's own commands."""

from __future__ import annotations

import click

commands: dict[str, click.Command] = {}
