# SPDX-License-Identifier: MIT
"""Builds what goes onto a board: `python -m host_tools.image BOARD [--variant V] [--chip C] [--json]`.

    build/<board>/tree/     main.py (source), compose.mpy bringup.mpy app/ drivers/ board/: the root of the file system
    build/<board>/rom/      the same without main.py, and
    build/<board>/<board>.romfs     made of it, for boards whose MicroPython has a ROMFS partition
    build/<board>/partitions.bin    ESP32 only: the partition table with the meter's raw area

    build/<board>/source/   the Python that the .mpy files are made of, in which the lines of a traceback are; and names.json,
                            what its names are called on the board

Everything but main.py is linked (host_tools/linker: all of app is one module, and so is what else is loaded at each boot) and
compiled by mpy-cross for the board's architecture with asserts kept (level 0). The output depends on the sources alone: the
embedded names are the modules', and the ROMFS is written in the order of the names.
"""

import argparse
import contextlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from host_tools import board_files, inline, linker
from host_tools.bench import runtimes

_FIRMWARE = board_files.ROOT / "firmware"
_DEFAULT = ("e1c1", "ade9153a")
_CHIPS = ("ade9153a", "atm90e26")


class ImageError(RuntimeError):
    """The image cannot be built; one line says why."""


def sources(board):
    """(path on the device without suffix, source file) of every module of an image, sorted."""
    found = [(path.relative_to(_FIRMWARE), path) for path in _FIRMWARE.rglob("*.py") if path != _FIRMWARE / "main.py"]
    found.append((Path("bringup.py"), board_files.BOARDS / "bringup.py"))
    found += [(Path("board") / path.name, path) for path in (board_files.BOARDS / board).glob("*.py")]
    return sorted((target.with_suffix(""), path) for target, path in found)


def roots(board):
    """Names in the root of an image's tree, main.py left out; sorted."""
    return sorted({name.parts[0] if len(name.parts) > 1 else f"{name}.mpy" for name, _ in sources(board)})


def main_py(variant, chip):
    """Source of main.py for a model; the default model needs no arguments."""
    text = (_FIRMWARE / "main.py").read_text()
    if (variant, chip) == _DEFAULT:
        return text
    call = f'build("{variant}", "{chip}")'
    if "= build()" not in text:
        raise ImageError("firmware/main.py has no build() to fill in")
    return text.replace("= build()", f"= {call}", 1)


def _compile(source, target, name, arch):
    # Tracebacks tell the module's name as it is imported: a name that the board holds anyway, where a file's would be one more.
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [runtimes.mpy_cross(), f"-march={arch}", "-s", name, str(source), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImageError(f"mpy-cross: {(done.stderr or done.stdout).strip().splitlines()[-1]}")


def romfs_of(folder):
    """What `mpremote romfs build --no-mpy` writes for a folder, without its listing on stdout."""
    from mpremote.romfs import make_romfs

    with contextlib.redirect_stdout(io.StringIO()):
        return make_romfs(str(folder), mpy_cross=False)


def compile_tree(modules, arch, tree, source=None):
    """Compile modules [(path without suffix, source)] below the folder `tree`, as one whole: few files are made of them
    (host_tools/linker), and no other module can count on finding a name. `source`: folder for the text that the lines of
    tracebacks are of.

    returns: [path below tree]. raises: ImageError.
    """
    texts = inline.inlined({dotted(name): path.read_text() for name, path in modules})
    try:
        linked, names = linker.build(texts, (_FIRMWARE / "main.py").read_text())
    except ValueError as error:
        raise ImageError(f"cannot be linked: {error}")
    if source is not None:
        source.mkdir(parents=True)
        (source / "names.json").write_text(json.dumps(names, indent=1, sort_keys=True) + "\n")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:  # each one waits for its own mpy-cross

        def compile_one(name):
            path = Path(*name.split("."))
            if any(other.startswith(f"{name}.") for other in linked):
                path /= "__init__"
            if source is not None:
                (source / path).parent.mkdir(parents=True, exist_ok=True)
                (source / f"{path}.py").write_text(linked[name].text)
            text = Path(folder) / f"{name}.py"
            text.write_text(linked[name].code)
            _compile(text, tree / f"{path}.mpy", name, arch)
            return Path(f"{path}.mpy")

        return list(pool.map(compile_one, sorted(linked)))


def dotted(name):
    return ".".join(name.parts).removesuffix(".__init__")


def build(board, variant="e1c1", chip="ade9153a", out=None):
    """Build one board's image.

    out: folder to replace, default build/<board>. returns: dict board, form, arch, out, files, sizes {part: bytes},
    total, romfs (bytes or None). raises: UnknownBoard, ImageError.
    """
    facts = board_files.load(board)
    if variant not in facts["variants"]:
        raise ImageError(f"{board} has no variant '{variant}': choose one of {', '.join(facts['variants'])}")
    if chip not in _CHIPS:
        raise ImageError(f"unknown chip '{chip}': choose one of {', '.join(_CHIPS)}")
    out = board_files.BUILD / board if out is None else Path(out)
    shutil.rmtree(out, ignore_errors=True)
    tree = out / "tree"
    sizes = {}
    modules = compile_tree(sources(board), facts["arch"], tree, out / "source")
    for path in modules:
        part = path.parts[0].removesuffix(".mpy")
        sizes[part] = sizes.get(part, 0) + (tree / path).stat().st_size
    (tree / "main.py").write_text(main_py(variant, chip))
    sizes["main.py"] = (tree / "main.py").stat().st_size
    romfs = None
    if facts["form"] == "romfs":
        shutil.copytree(tree, out / "rom", ignore=shutil.ignore_patterns("main.py"))
        data = romfs_of(out / "rom")
        if len(data) > facts["romfs_bytes"]:
            raise ImageError(f"ROMFS of {len(data)} bytes is larger than the partition, {facts['romfs_bytes']}")
        (out / f"{board}.romfs").write_bytes(data)
        romfs = len(data)
    if "partition" in facts:
        (out / "partitions.bin").write_bytes(board_files.partition_table(facts["partition"]))
    return {
        "board": board,
        "variant": variant,
        "chip": chip,
        "form": facts["form"],
        "arch": facts["arch"],
        "out": str(out),
        "files": len(modules) + 1,
        "sizes": sizes,
        "total": sum(sizes.values()),
        "romfs": romfs,
    }


def main(arguments=None):
    """Returns the exit code: 0 done, 2 wrong use or a source that does not compile."""
    parser = argparse.ArgumentParser(prog="python -m host_tools.image", description="Build the image of a board.")
    parser.add_argument("board", help=", ".join(board_files.names()))
    parser.add_argument("--variant", default=_DEFAULT[0])
    parser.add_argument("--chip", default=_DEFAULT[1])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        report = build(options.board, options.variant, options.chip)
    except (board_files.UnknownBoard, ImageError, runtimes.MissingRuntime) as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(report))
        return 0
    print(f"{report['board']}: {report['files']} files, {report['arch']}, in {report['out']}")
    for part, size in sorted(report["sizes"].items()):
        print(f"{size:9d}  {part}")
    print(f"{report['total']:9d}  total")
    if report["romfs"] is not None:
        print(f"{report['romfs']:9d}  {report['board']}.romfs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
