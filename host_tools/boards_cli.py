# SPDX-License-Identifier: MIT
"""What a real board needs: `meter boards`, `flash`, `deploy`, `console`. `register(app)` adds them to the command line.

Each prints the exact commands it runs (esptool, dfu-util, mpremote) on stderr, so that they can be repeated by hand;
with --dry-run it prints them and stops. Exit codes: 2 wrong use, 3 no device or a tool that could not reach it.
"""

import functools
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from host_tools import board_files, image
from host_tools.bench.runtimes import MissingRuntime
from host_tools.errors import BadInput, NoDevice

# USB vendors of serial bridges and boards: Silicon Labs, QinHeng, FTDI, Espressif, Arduino, MicroPython.
_USB_VENDORS = (0x10C4, 0x1A86, 0x0403, 0x303A, 0x2341, 0xF055)
_RESTART_S = 4  # reset, USB enumeration, MicroPython's start

# Runs on the board. The flag makes the next start a service start: no watchdog, no coil (boards/bringup.py).
_SET_FLAG = "open('service', 'w').close()"
_CLEAR_FLAG = "import os; os.remove('service')"
# What an older deploy left behind must not shadow the new modules. OSError: it is not there.
_CLEAN = """
import os
def rm(p):
    try:
        if os.stat(p)[0] & 0x4000:
            for n in os.listdir(p): rm(p + '/' + n)
            os.rmdir(p)
        else: os.remove(p)
    except OSError: pass
for p in ('main.py', 'app', 'drivers', 'board', 'compose.mpy', 'hardware.mpy', 'bringup.mpy'): rm(p)
"""

BoardArgument = Annotated[str, typer.Argument(help="Name of a folder in boards/ (see `meter boards`).")]
PortOption = Annotated[str, typer.Option("--port", "-p", help="Serial port; default: the only board connected.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print the commands, run nothing.")]


def _answers(function):
    """Turns the project's errors into one line on stderr and their exit code."""

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except (BadInput, NoDevice) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(error.exit_code) from None
        except (board_files.UnknownBoard, image.ImageError, MissingRuntime) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from None

    return wrapped


def serial_ports():
    """Device names of connected boards, by USB vendor."""
    from serial.tools import list_ports

    return sorted(port.device for port in list_ports.comports() if port.vid in _USB_VENDORS)


def find_port(port):
    """The port to use: the one asked for if it exists, else the only board connected. raises NoDevice, BadInput."""
    if port:
        if "://" in port or os.path.exists(port) or port in serial_ports():
            return port
        raise NoDevice(f"no device on {port}")
    ports = serial_ports()
    if not ports:
        raise NoDevice("no board found: connect one, or name its port with --port")
    if len(ports) > 1:
        raise BadInput(f"more than one board is connected ({', '.join(ports)}): choose with --port")
    return ports[0]


def _shown(command):
    return " ".join(shlex.quote(part) for part in command)


def _execute(command):
    """Run one command, esptool and mpremote with this interpreter; returns its exit code."""
    if command[0] in ("esptool", "mpremote"):
        command = [sys.executable, "-m", *command]
    elif shutil.which(command[0]) is None:
        raise BadInput(f"{command[0]} is not installed")
    return subprocess.run(command, check=False).returncode


def _run(command, dry_run):
    """Print one command and run it. raises NoDevice if it fails, BadInput if the tool is not there."""
    typer.echo(f"$ {_shown(command)}", err=True)
    if dry_run:
        return
    code = _execute(command)
    if code:
        raise NoDevice(f"{command[0]} failed with exit code {code}: is the board connected and free?")


def flash_commands(name, facts, port, firmware):
    """The commands that put MicroPython on a board, as lists of str."""
    flash = facts["flash"]
    if flash["tool"] == "dfu-util":
        return [["dfu-util", "-w", "-a", "0", "-d", flash["device"], "-D", str(firmware)]]
    tool = ["esptool", "--chip", flash["chip"], "--port", port]
    table = board_files.BUILD / name / "partitions.bin"
    write = [*tool, "--baud", "460800", "write-flash"]
    return [
        [*tool, "erase-flash"],
        # The size in the image's header is that of the smallest module: without the real one the table would not fit.
        [*write, "--flash-size", "detect", hex(flash["offset"]), str(firmware)],
        [*write, hex(flash["table_offset"]), str(table)],
    ]


def deploy_commands(name, facts, port):
    """The commands that put the application on a board that runs MicroPython, in two halves around a restart."""
    board = ["mpremote", "connect", port]
    tree = board_files.BUILD / name / "tree"
    first = [[*board, "exec", _SET_FLAG, "+", "reset"]]
    then = [[*board, "exec", _CLEAN]]
    if facts["form"] == "romfs":
        then.append([*board, "romfs", "deploy", str(board_files.BUILD / name / f"{name}.romfs")])
    else:
        parts = [str(tree / part) for part in image.roots(name)]
        then.append([*board, "fs", "--recursive", "cp", *parts, ":"])
    # main.py last: until it is there the board starts to the REPL. The flag goes only when all of it arrived.
    then.append([*board, "fs", "cp", str(tree / "main.py"), ":main.py"])
    then.append([*board, "exec", _CLEAR_FLAG, "+", "reset"])
    return first, then


def _check_firmware(facts, firmware):
    if firmware is None:
        raise BadInput(f"--firmware is missing: download the {facts['micropython']} image from {facts['download']}")
    if not firmware.is_file():
        raise BadInput(f"no such file: {firmware}")
    if "partition" in facts:
        room = next(part for part in facts["partition"] if part["label"] == "factory")
        end = facts["flash"]["offset"] + firmware.stat().st_size
        if end > room["offset"] + room["size"]:
            raise BadInput(f"{firmware} ends at {hex(end)}: too large for the application's partition")


@_answers
def boards(as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False):
    """List the boards this checkout can be built for."""
    rows = [{"board": name, **board_files.load(name)} for name in board_files.names()]
    keys = ("board", "name", "arch", "form", "variants", "micropython", "silicon")
    if as_json:
        typer.echo(json.dumps([{key: row[key] for key in keys} for row in rows]))
        return
    table = Table("board", "what", "arch", "image", "models", "MicroPython image", "on silicon")
    for row in rows:
        table.add_row(*[" ".join(row[key]) if key == "variants" else row[key] for key in keys])
    Console().print(table)


@_answers
def flash(
    board: BoardArgument,
    firmware: Annotated[
        Path | None, typer.Option(help="MicroPython image (.bin or .dfu) downloaded for this board.")
    ] = None,
    port: PortOption = "",
    dry_run: DryRunOption = False,
):
    """Put MicroPython on an empty board. Erases everything on it, registers included."""
    facts = board_files.load(board)
    _check_firmware(facts, firmware)
    by_dfu = facts["flash"]["tool"] == "dfu-util"  # found by its USB id, not by a port
    port = "" if by_dfu else (port or "PORT") if dry_run else find_port(port)
    if "partition" in facts:
        table = board_files.BUILD / board / "partitions.bin"
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_bytes(board_files.partition_table(facts["partition"]))
    if by_dfu:
        typer.echo("double tap the reset button: the green LED fades while the board waits for DFU", err=True)
    for command in flash_commands(board, facts, port, firmware):
        _run(command, dry_run)


@_answers
def deploy(
    board: BoardArgument,
    port: PortOption = "",
    variant: Annotated[str, typer.Option(help="Model: e1c1 e1c1r e1c2 e1c2r e2c2.")] = "e1c1",
    chip: Annotated[str, typer.Option(help="Energy IC: ade9153a or atm90e26.")] = "ade9153a",
    dry_run: DryRunOption = False,
):
    """Build the application and put it on a board that runs MicroPython."""
    facts = board_files.load(board)
    port = (port or "PORT") if dry_run else find_port(port)
    report = image.build(board, variant, chip)
    typer.echo(f"{board}: {report['files']} files, {report['total']} bytes", err=True)
    first, then = deploy_commands(board, facts, port)
    for command in first:
        _run(command, dry_run)
    if not dry_run:
        time.sleep(_RESTART_S)
    for command in then:
        _run(command, dry_run)


@_answers
def console(port: PortOption = "", dry_run: DryRunOption = False):
    """Open the board's REPL (Ctrl-] ends). Ctrl-C stops the meter: without service mode the watchdog restarts it."""
    port = (port or "PORT") if dry_run else find_port(port)
    _run(["mpremote", "connect", port, "repl"], dry_run)


def register(app):
    """Add the four commands to a Typer application."""
    for command in (boards, flash, deploy, console):
        app.command()(command)
