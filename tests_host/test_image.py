# SPDX-License-Identifier: MIT
"""The images: built for every board, the same twice, booted from files and from ROMFS on MicroPython's unix port."""

import hashlib
import json
import subprocess

import pytest

from host_tools import board_files, image
from host_tools.bench import runtimes

# Runs in MicroPython: import every module of the image, then compose the board against the recording machine.
BOOT = """
import sys
form, where, unit = sys.argv[1:4]
if form == "romfs":
    import vfs
    with open(where, "rb") as file:
        data = file.read()
    vfs.mount(vfs.VfsRom(data), "/rom")
    where = "/rom"
sys.path[:] = [where, unit]
import fake_machine
sys.modules["machine"] = fake_machine
sys.modules["esp32"] = fake_machine._Esp32
sys.modules["time"] = fake_machine.Time()
for name in modules:
    __import__(name)
import compose
assert compose.__file__.startswith(where) and compose.__file__.endswith(".mpy"), compose.__file__
from board import build
hardware = build()
print(hardware.board, hardware.now_ms())
"""


def digest(folder):
    """SHA-256 of every file of a folder, by relative name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("image")
    return {name: (image.build(name, out=folder / name), folder / name) for name in board_files.names()}


def native_architecture(path):
    """Architecture of a .mpy file, 0: bytecode only (MicroPython docs, "MicroPython .mpy files": byte 2, bits 2..)."""
    head = path.read_bytes()[:4]
    assert head[0:1] == b"M" and head[1] == 6
    return head[2] >> 2


def boot(tmp_path, form, where, tree):
    modules = []
    for path in sorted(tree.rglob("*.mpy")):
        name = ".".join(path.relative_to(tree).with_suffix("").parts)
        if not native_architecture(path):  # machine code of the board does not run here
            modules.append(name.removesuffix(".__init__"))
    script = tmp_path / "boot.py"
    script.write_text(f"modules = {modules}\n" + BOOT)  # an argument of this port ends at 255 bytes
    command = [runtimes.micropython(), str(script), form, str(where), "tests_host/unit"]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=board_files.ROOT), modules


@pytest.mark.parametrize("name", board_files.names())
def test_tree_boots(name, images, tmp_path):
    _, out = images[name]
    done, modules = boot(tmp_path, "tree", out / "tree", out / "tree")
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.split()[0] == name
    assert {"app", "drivers", "compose", "board", "bringup", "drivers.ade9153a", "drivers.atm90e26"} <= set(modules)


@pytest.mark.parametrize("name", board_files.names())
def test_romfs_boots(name, images, tmp_path):
    report, out = images[name]
    if report["romfs"] is None:
        # Not what this board uses, but the same tree must work in either form.
        rom = tmp_path / "image.romfs"
        rom.write_bytes(image.romfs_of(out / "tree"))
    else:
        rom = out / f"{name}.romfs"
        assert rom.stat().st_size == report["romfs"]
    done, _ = boot(tmp_path, "romfs", rom, out / "tree")
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.split()[0] == name


def test_a_boot_that_lacks_a_module_fails(images, tmp_path):
    _, out = images["esp32_devkitc"]
    (tmp_path / "tree").mkdir()
    done, _ = boot(tmp_path, "tree", tmp_path / "tree", out / "tree")
    assert done.returncode != 0


@pytest.mark.parametrize("name", ["arduino_giga"])  # tree and ROMFS
def test_same_sources_same_bytes(name, images, tmp_path):
    _, out = images[name]
    image.build(name, out=tmp_path / "again")
    assert digest(tmp_path / "again") == digest(out)


def test_romfs_is_what_mpremote_writes(images, tmp_path):
    _, out = images["arduino_giga"]
    target = tmp_path / "by_mpremote.romfs"
    subprocess.run(
        [image.sys.executable, "-m", "mpremote", "romfs", "--no-mpy", "-o", str(target), "build", str(out / "rom")],
        check=True,
        capture_output=True,
    )
    assert target.read_bytes() == (out / "arduino_giga.romfs").read_bytes()


def test_only_main_is_source_and_no_host_path_is_inside(images):
    for _, out in images.values():
        for path in (out / "tree").rglob("*"):
            if path.is_file():
                assert path.suffix == ".mpy" or path.name == "main.py", path
                assert str(board_files.ROOT).encode() not in path.read_bytes(), path


def test_the_romfs_holds_no_main(images):
    # MicroPython runs main.py from the file-system root only: in ROMFS it would never run.
    _, out = images["arduino_giga"]
    assert (out / "tree" / "main.py").exists() and not (out / "rom" / "main.py").exists()
    assert b"main.py" not in (out / "arduino_giga.romfs").read_bytes()


def test_another_model_goes_into_main():
    assert 'hardware = build("e1c2r", "atm90e26")' in image.main_py("e1c2r", "atm90e26")
    assert "hardware = build()" in image.main_py("e1c1", "ade9153a")
    compile(image.main_py("e1c2r", "atm90e26"), "main.py", "exec")


def test_wrong_use_is_2_with_one_line(capsys):
    for arguments in (["no_such"], ["esp32_devkitc", "--variant", "e2c2"], ["arduino_giga", "--chip", "cs5490"]):
        assert image.main(arguments) == 2
        captured = capsys.readouterr()
        assert captured.out == "" and captured.err.count("\n") == 1


def test_report_as_json(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(board_files, "BUILD", tmp_path)
    assert image.main(["arduino_giga", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    on_disk = sum(path.stat().st_size for path in (tmp_path / "arduino_giga" / "tree").rglob("*") if path.is_file())
    assert report["total"] == sum(report["sizes"].values()) == on_disk


def test_partition_table_against_the_documented_layout():
    # ESP-IDF programming guide, "Partition Tables"; first entry as a hex dump of any ESP-IDF table shows it.
    facts = board_files.load("esp32_devkitc")
    table = board_files.partition_table(facts["partition"])
    assert len(table) == 0xC00
    assert table[:32] == bytes.fromhex("aa50010200900000006000006e767300") + bytes(16)
    entries = 32 * len(facts["partition"])
    assert table[entries : entries + 16] == b"\xeb\xeb" + b"\xff" * 14
    assert table[entries + 16 : entries + 32] == hashlib.md5(table[:entries]).digest()
    assert table[entries + 32 :] == b"\xff" * (0xC00 - entries - 32)


@pytest.mark.parametrize(
    "parts",
    [
        [{"label": "a", "type": 1, "subtype": 6, "offset": 0x9001, "size": 0x1000}],
        [{"label": "a", "type": 0, "subtype": 0, "offset": 0x9000, "size": 0x1000}],
        [{"label": "sixteen_letters_", "type": 1, "subtype": 6, "offset": 0x9000, "size": 0x1000}],
        [
            {"label": "a", "type": 1, "subtype": 6, "offset": 0x9000, "size": 0x2000},
            {"label": "b", "type": 1, "subtype": 6, "offset": 0xA000, "size": 0x1000},
        ],
    ],
)
def test_a_bad_partition_table_is_refused(parts):
    with pytest.raises(ValueError):
        board_files.partition_table(parts)


def test_the_tables_fit_the_smallest_module():
    # WROVER-E: 4 MiB at least; N8R8: 8 MiB. Two years of half-hour profiles need 561 kB (35 040 entries of 16 bytes).
    for name, flash in (("esp32_devkitc", 4 << 20), ("esp32_s3_devkitc", 8 << 20)):
        parts = {part["label"]: part for part in board_files.load(name)["partition"]}
        assert max(part["offset"] + part["size"] for part in parts.values()) <= flash
        assert parts["ferraris"]["size"] >= 35_040 * 16
        assert parts["ferraris"]["type"] == 1
