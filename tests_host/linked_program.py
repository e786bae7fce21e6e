# SPDX-License-Identifier: MIT
"""The program of an image, run by CPython on the bench: what the linker makes of the sources, renamed and folded."""

import importlib
import re
import sys

from host_tools import board_files, image, inline, linker
from host_tools.bench import job

_BENCH = [*(board_files.ROOT / "host_tools").rglob("*.py"), *(board_files.BOARDS / "virtual").glob("*.py")]
_PREFIX = "linked_"


def _host():
    """What the bench asks the meter for: all that is written there keeps its name."""
    files = [path for path in _BENCH if "linker" not in path.parts]
    files += [board_files.ROOT / "firmware" / "drivers" / "crc32.py"]
    files += (board_files.ROOT / "tests_host" / "proofs").glob("*.py")
    return "\n".join(path.read_text() for path in sorted(files))


def program(main=None):
    """{module: linker.Linked} of the firmware. main: what else there is in the program; None: the bench"""
    modules = [
        (name, path) for name, path in image.sources("arduino_giga") if name.parts[0] not in ("board", "bringup")
    ]
    texts = inline.inlined({image.dotted(name): path.read_text() for name, path in modules})
    return linker.build(texts, _host() if main is None else main)[0]


def load(folder):
    """Writes the program as `linked_*` modules and imports it. returns: its compose()"""
    linked = program()
    for name, module in linked.items():
        path = folder.joinpath(*f"{_PREFIX}{name}".split("."))
        if any(other.startswith(f"{name}.") for other in linked):
            path /= "__init__"
        path.parent.mkdir(parents=True, exist_ok=True)
        code = re.sub(r"^(\s*from )(app|drivers|compose)\b", rf"\1{_PREFIX}\2", module.code, flags=re.MULTILINE)
        path.with_suffix(".py").write_text(code)
    for name in [name for name in sys.modules if name.startswith(_PREFIX)]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        for name in linked:
            if name not in ("hardware", "drivers.crc32_viper"):
                importlib.import_module(f"{_PREFIX}{name}")
    finally:
        sys.path.remove(str(folder))
    return sys.modules[f"{_PREFIX}compose"].compose


def builder(compose):
    """host_tools.bench.job.build with another compose()."""

    def build(hardware):
        hardware.crc = job.Crc32()
        return compose(hardware)

    return build
