# SPDX-License-Identifier: MIT
"""meter boards, flash, deploy, console: exit codes, the one line on stderr, and the exact commands."""

import json
import re
import shlex
import subprocess

import pytest
import typer
from typer.testing import CliRunner

from host_tools import board_files, boards_cli

APP = typer.Typer()
boards_cli.register(APP)


@pytest.fixture
def world(monkeypatch, tmp_path):
    """No device, no tool, no waiting; what would have run is recorded. `world.ports`, `world.code` change it."""

    class World:
        ports = []
        ran = []
        code = 0

    world = World()
    world.ports, world.ran = [], []

    def execute(command):
        world.ran.append(command)
        return world.code

    monkeypatch.setattr(boards_cli, "serial_ports", lambda: list(world.ports))
    monkeypatch.setattr(boards_cli, "_execute", execute)
    monkeypatch.setattr(boards_cli, "_RESTART_S", 0)
    monkeypatch.setattr(board_files, "BUILD", tmp_path / "build")
    world.firmware = tmp_path / "firmware.bin"
    world.firmware.write_bytes(bytes(1000))
    return world


def meter(*arguments):
    return CliRunner().invoke(APP, [str(argument) for argument in arguments])


def one_line(text):
    return text.endswith("\n") and text.count("\n") == 1


def test_boards_lists_the_three():
    found = meter("boards")
    assert found.exit_code == 0
    listed = json.loads(meter("boards", "--json").stdout)
    assert [row["board"] for row in listed] == ["arduino_giga", "esp32_devkitc", "esp32_s3_devkitc"]
    assert "e2c2" not in listed[1]["variants"] and "e2c2" in listed[2]["variants"]
    assert {row["silicon"] for row in listed} == {"unproven"}


@pytest.mark.parametrize("command", [["flash", "no_such"], ["deploy", "no_such"]])
def test_unknown_board_is_2(world, command):
    found = meter(*command)
    assert found.exit_code == 2 and one_line(found.stderr) and "esp32_devkitc" in found.stderr
    assert found.stdout == "" and not world.ran


def test_no_device_is_3(world):
    for command in (
        ["flash", "esp32_devkitc", "--firmware", world.firmware],
        ["deploy", "esp32_s3_devkitc"],
        ["deploy", "arduino_giga"],
        ["console"],
        ["console", "--port", "/dev/no_such_port"],
    ):
        found = meter(*command)
        assert found.exit_code == 3, command
        assert one_line(found.stderr) and "no " in found.stderr and found.stdout == ""
    assert not world.ran


def test_two_boards_need_a_choice(world):
    world.ports = ["/dev/ttyACM0", "/dev/ttyUSB0"]
    found = meter("console")
    assert found.exit_code == 2 and "/dev/ttyUSB0" in found.stderr


def test_a_missing_or_too_large_image_is_2(world):
    found = meter("flash", "esp32_s3_devkitc", "--port", "x")
    assert found.exit_code == 2 and "ESP32_GENERIC_S3" in found.stderr
    found = meter("flash", "esp32_s3_devkitc", "--firmware", world.firmware.with_name("absent.bin"))
    assert found.exit_code == 2 and one_line(found.stderr)
    world.firmware.write_bytes(bytes(0x200001))  # the application's partition ends at 0x200000
    world.ports = ["/dev/ttyACM0"]
    found = meter("flash", "esp32_s3_devkitc", "--firmware", world.firmware)
    assert found.exit_code == 2 and "too large" in found.stderr
    world.firmware.write_bytes(bytes(0x200000))
    assert meter("flash", "esp32_s3_devkitc", "--firmware", world.firmware).exit_code == 0


def test_flash_esp32(world):
    # Offsets: MicroPython's download pages of ESP32_GENERIC and ESP32_GENERIC_S3; the table's is the ESP-IDF default.
    world.ports = ["/dev/ttyUSB0"]
    for board, chip, offset in (("esp32_devkitc", "esp32", "0x1000"), ("esp32_s3_devkitc", "esp32s3", "0x0")):
        world.ran.clear()
        found = meter("flash", board, "--firmware", world.firmware)
        assert found.exit_code == 0
        tool = f"esptool --chip {chip} --port /dev/ttyUSB0"
        table = board_files.BUILD / board / "partitions.bin"
        assert [shlex.join(command) for command in world.ran] == [
            f"{tool} erase-flash",
            f"{tool} --baud 460800 write-flash --flash-size detect {offset} {world.firmware}",
            f"{tool} --baud 460800 write-flash 0x8000 {table}",
        ]
        assert table.stat().st_size == 0xC00
        for command in world.ran:
            assert f"$ {shlex.join(command)}" in found.stderr


def test_flash_giga_by_dfu_needs_no_port(world):
    # ports/stm32/boards/ARDUINO_GIGA/deploy.md
    assert meter("flash", "arduino_giga", "--firmware", world.firmware).exit_code == 0
    assert [shlex.join(command) for command in world.ran] == [f"dfu-util -w -a 0 -d 2341:035b -D {world.firmware}"]


def test_a_tool_that_is_not_there_is_2(tmp_path, monkeypatch):
    firmware = tmp_path / "firmware.dfu"
    firmware.write_bytes(b"")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = meter("flash", "arduino_giga", "--firmware", firmware)
    assert found.exit_code == 2 and "dfu-util is not installed" in found.stderr


def test_a_tool_that_fails_is_3(world):
    world.code = 2
    found = meter("flash", "arduino_giga", "--firmware", world.firmware)
    assert found.exit_code == 3 and "dfu-util failed" in found.stderr.splitlines()[-1]


def test_deploy_tree(world):
    world.ports = ["/dev/ttyACM0"]
    found = meter("deploy", "esp32_s3_devkitc", "--variant", "e1c2", "--chip", "atm90e26")
    assert found.exit_code == 0, found.stderr
    ran = [command[3:] for command in world.ran]
    assert all(command[:3] == ["mpremote", "connect", "/dev/ttyACM0"] for command in world.ran)
    assert ran[0] == ["exec", "open('service', 'w').close()", "+", "reset"]
    assert ran[1][0] == "exec" and "'app'" in ran[1][1]
    assert ran[2][:3] == ["fs", "--recursive", "cp"] and ran[2][-1] == ":"
    tree = board_files.BUILD / "esp32_s3_devkitc" / "tree"
    assert sorted(ran[2][3:-1]) == sorted(str(path) for path in tree.iterdir() if path.name != "main.py")
    assert ran[3] == ["fs", "cp", str(tree / "main.py"), ":main.py"]
    assert ran[4] == ["exec", "import os; os.remove('service')", "+", "reset"]
    assert 'build("e1c2", "atm90e26")' in (tree / "main.py").read_text()


@pytest.fixture
def no_compiler(monkeypatch):
    monkeypatch.setattr(boards_cli.image, "build", lambda board, variant, chip: {"files": 1, "total": 1})


def test_deploy_romfs(world, no_compiler):
    world.ports = ["/dev/ttyACM0"]
    assert meter("deploy", "arduino_giga").exit_code == 0
    ran = [command[3:] for command in world.ran]
    rom = board_files.BUILD / "arduino_giga" / "arduino_giga.romfs"
    assert ran[2] == ["romfs", "deploy", str(rom)]
    assert [command for command in ran if "--recursive" in command] == []


def test_an_interrupted_deploy_leaves_the_service_flag(world, no_compiler):
    world.ports, world.code = ["/dev/ttyACM0"], 1
    found = meter("deploy", "esp32_devkitc")
    assert found.exit_code == 3
    assert len(world.ran) == 1 and "service" in world.ran[0][4]


def test_deploy_refuses_a_model_the_board_has_not(world):
    world.ports = ["/dev/ttyACM0"]
    found = meter("deploy", "esp32_devkitc", "--variant", "e2c2")
    assert found.exit_code == 2 and "e2c2" in found.stderr and not world.ran


def test_dry_run_needs_no_device_and_runs_nothing(world):
    found = meter("flash", "esp32_devkitc", "--firmware", world.firmware, "--dry-run")
    assert found.exit_code == 0 and found.stderr.count("$ esptool") == 3
    found = meter("console", "--dry-run")
    assert found.exit_code == 0 and "mpremote connect PORT repl" in found.stderr
    assert not world.ran


def test_the_cleaning_code_removes_what_a_deploy_writes(tmp_path):
    # Runs the code meant for the board on MicroPython's unix port, in a folder that looks like one.
    from host_tools.bench import runtimes

    for name in ("app/store", "drivers", "board"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "x.mpy").write_bytes(b"")
    for name in ("main.py", "compose.mpy", "bringup.mpy", "boot.py", "mine.txt"):
        (tmp_path / name).write_text("")
    for _ in range(2):  # twice: nothing there is no error
        subprocess.run([runtimes.micropython(), "-c", boards_cli._CLEAN], cwd=tmp_path, check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["boot.py", "mine.txt"]


def test_the_flashing_page_names_the_same_commands(monkeypatch):
    monkeypatch.setattr(board_files, "BUILD", board_files.BUILD.relative_to(board_files.ROOT))
    page = (board_files.ROOT / "docs" / "flashing.md").read_text()
    for board, port, suffix in (
        ("esp32_s3_devkitc", "/dev/ttyACM0", ".bin"),
        ("esp32_devkitc", "/dev/ttyUSB0", ".bin"),
        ("arduino_giga", "", ".dfu"),
    ):
        facts = board_files.load(board)
        for command in boards_cli.flash_commands(board, facts, port, facts["micropython"] + suffix):
            assert f"    {shlex.join(command)}\n" in page, command
        assert f"make image BOARD={board}" in page and facts["micropython"] in page


def test_wiring_starts_with_the_mains_and_names_every_pin():
    for board in board_files.names():
        text = (board_files.BOARDS / board / "wiring.md").read_text()
        assert text.splitlines()[2].startswith("**Mains kills.") and "isolat" in text.splitlines()[2]
        namespace = {}
        exec((board_files.BOARDS / board / "pins.py").read_text(), namespace)
        numbers = set(re.findall(r"\bP[A-K]\d+\b|\b\d+\b", text.split("## Traps")[0]))
        for signal, pin, _, _ in namespace.get("PINS_E2C2", ()) + namespace["PINS"]:
            assert str(pin) in numbers, (board, signal)
