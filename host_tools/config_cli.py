# SPDX-License-Identifier: MIT
"""`meter config`: the settings of a meter as a TOML file, out of a state directory and back in. `register(app)` adds it.

What a file holds is judged by the meter's own code, and it is stored in the meter's own bytes; the meter logs at its next boot
which groups have changed.
"""

import json
from typing import Annotated

import typer

from host_tools.errors import BadInput

_File = Annotated[str, typer.Argument(metavar="FILE", help="TOML file, as `meter config defaults` prints it.")]
_State = Annotated[str, typer.Option(metavar="DIR", help="Directory that keeps a meter's storage between runs.")]
_AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def register(app):
    """Add the command group to a Typer app."""
    group = typer.Typer(help="Settings of a meter: print, check, export, import.", no_args_is_help=True)
    for command in (defaults, check, export, import_):
        group.command(command.__name__.rstrip("_"))(command)
    app.add_typer(group, name="config")


def defaults(as_json: _AsJson = False) -> None:
    """The factory's settings, each with its range and unit."""
    from host_tools import config_file

    _print(config_file.factory().groups, "Settings as a meter leaves the factory", as_json)


def check(file: _File, as_json: _AsJson = False) -> None:
    """Would a meter with the factory's settings take this file? Exit code 2 and one line when not."""
    from host_tools import config_file

    settings = config_file.factory()
    before = config_file.values(settings.groups)
    config_file.load(file, settings.groups)
    _tell(before, config_file.values(settings.groups), as_json)


def export(state: _State, as_json: _AsJson = False) -> None:
    """The settings of the meter in a state directory."""
    opened = _Opened(state)
    _print(opened.settings().groups, f"Settings of the meter in {state}", as_json)


def import_(file: _File, state: _State, as_json: _AsJson = False) -> None:
    """Give the meter in a state directory the settings of a file; those that are not in it stay."""
    from host_tools import config_file

    opened = _Opened(state)
    settings = opened.settings()
    before = config_file.values(settings.groups)
    config_file.load(file, settings.groups)
    after = config_file.values(settings.groups)
    if after != before:
        opened.configure(config_file.packed(settings.groups))
    _tell(before, after, as_json)


class _Opened:
    """The meter in a state directory: what it has stored, in memory."""

    def __init__(self, path):
        from drivers.crc32 import Crc32

        from host_tools.bench.factory import Factory
        from host_tools.bench.state_dir import StateDirectory
        from host_tools.bench.storage import SparseBytes
        from host_tools.bench.virtual_board import NOR_BYTES

        self.state = StateDirectory(path)
        if self.state.fresh:
            raise BadInput(f"state {path}: no meter is stored there")
        data = self.state.data
        self.memory = bytearray(data["memory"])
        self.nor = None
        if data["storage"] == "fram":
            self.nor = SparseBytes(NOR_BYTES)
            self.nor.use(data["nor"])
        elements = 2 if data["variant"] == "e2c2" else 1
        self.factory = Factory(self.memory, data["storage"], elements, Crc32(), self.nor)

    def settings(self):
        try:
            return self.factory.settings()
        except ValueError as error:
            raise BadInput(f"state {self.state.path}: {error}") from None

    def configure(self, record):
        try:
            self.factory.configure(record, False)
        except ValueError as error:
            raise BadInput(f"state {self.state.path}: {error}") from None
        self.state.replace(self.memory, self.nor)


def _print(groups, title, as_json):
    from host_tools import config_file

    print(json.dumps(config_file.values(groups)) if as_json else config_file.text(groups, title))


def _tell(before, after, as_json):
    """What is different."""
    changed = {
        f"{title}.{name}": [was, after[title][name]]
        for title, values in before.items()
        for name, was in values.items()
        if after[title][name] != was
    }
    if as_json:
        print(json.dumps({"changed": changed}))
        return
    for name, (was, now) in changed.items():
        print(f"{name}: {was} -> {now}")
    if not changed:
        print("nothing differs")
