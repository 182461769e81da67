"""The platform's own commands, in the order in which a person meets them."""

from __future__ import annotations

import click

from suyuan.cli.bench import bench
from suyuan.cli.certificate import certificate
from suyuan.cli.checks import test
from suyuan.cli.doctor import doctor
from suyuan.cli.prepare import prepare
from suyuan.cli.run import agent, serve, worker
from suyuan.cli.up import up

commands: dict[str, click.Command] = {
    str(command.name): command for command in (up, test, doctor, prepare, serve, worker, agent, certificate, bench)
}
