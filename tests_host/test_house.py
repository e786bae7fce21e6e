# SPDX-License-Identifier: MIT
"""The rules of the house over every file of firmware/ and boards/, and over snippets that must be flagged.

Also: every file passes the cross compiler of each board's instruction set, which knows the language better than
CPython.
"""

import pathlib
import subprocess
import sys

import pytest

from tests_host.house import FILES, ROOT, cross_compile, cross_complaints, findings


def test_there_is_something_to_check():
    assert len(FILES) > 5
    assert pathlib.Path("firmware/app/ticks.py") in FILES


@pytest.mark.parametrize("path", FILES, ids=str)
def test_file_keeps_the_rules(path):
    found = findings(path, (ROOT / path).read_text())
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_file_says_its_licence(path):
    text = (ROOT / path).read_text()
    assert not text or text.startswith("# SPDX-License-Identifier: MIT\n")


@pytest.mark.slow
def test_every_file_passes_the_cross_compiler():
    complaints = cross_complaints()
    assert not complaints, "\n" + "\n".join(complaints)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def f(a, /): pass\n", id="positional-only"),
        pytest.param("match 1:\n    case 1: pass\n", id="match"),
        pytest.param("import micropython\n@micropython.asm_thumb\ndef f(): blx(r0)\n", id="foreign assembler"),
    ],
)
def test_cross_compiler_refuses(tmp_path, source):
    (tmp_path / "x.py").write_text(source)
    assert "x.py" in cross_compile("x.py", "xtensawin", tmp_path)


APP = "firmware/app/x.py"
DRIVER = "firmware/drivers/x.py"
BOARD = "boards/x/pins.py"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        # Numbers
        (APP, "def f(a): return a * 0.5"),
        (APP, "def f(a): return a * 1e3"),
        (APP, "def f(a): return a / 2"),
        (APP, "def f(a):\n    a /= 2"),
        (APP, "def f(a): return float(a)"),
        (APP, "def f(a): return a * 10 ** -3"),
        # Imports
        (APP, "import machine"),
        (APP, "import time"),
        (APP, "from os import stat"),
        (APP, "def f():\n    import asyncio"),
        (APP, "import socket as s"),
        (APP, "import network"),
        (APP, "from drivers import relay"),
        (APP, "import drivers.relay"),
        (APP, "try:\n    import utime\nexcept ImportError:\n    pass"),
        (APP, "m = __import__('machine')"),
        (APP, "def f(n): return __import__(n)"),
        (DRIVER, "from machine import Pin"),
        (DRIVER, "from app import ticks"),
        (DRIVER, "import app.ticks"),
        (DRIVER, "import board"),
        ("firmware/compose.py", "import machine"),
        (APP, "def f(): print(1)"),
        # State
        (APP, "cache = []"),
        (APP, "cache = {}"),
        (APP, "seen = {1}"),
        (APP, "seen = set()"),
        (APP, "buf = bytearray(4)"),
        (DRIVER, "_buf = memoryview(b'')"),
        (DRIVER, "from collections import deque\nq = deque((), 4)"),
        (DRIVER, "from array import array\na = array('H', 4 * [0])"),
        (BOARD, "from machine import Pin\nled = Pin(2)"),
        (BOARD, "PINS = {'led': 2}"),
        (APP, "class A:\n    items = []"),
        (APP, "class A:\n    class B:\n        items: list = []"),
        (APP, "TABLE = (1, [2], 3)"),
        (APP, "TABLE = tuple([] for _ in range(2))"),
        (APP, "TABLE = tuple([[1], [2]])"),
        (APP, "TABLE = [1, 2] + [3]"),
        (APP, "a = b = []"),
        (APP, "x = [] if 1 else ()"),
        (APP, "if 1:\n    cache = []"),
        (APP, "try:\n    pass\nexcept ImportError:\n    cache = []"),
        (APP, "def f(a=[]): pass"),
        (APP, "def f(*, a={}): pass"),
        (APP, "class A:\n    def f(self, a=bytearray(2)): pass"),
        (APP, "n = 0\ndef f():\n    global n\n    n += 1"),
        (APP, "n = 0\nn += 1"),
        (APP, "import app.ticks\napp.ticks.limit = 5"),
        (APP, "from app import ticks\nticks.start()"),
        (APP, "T = ()\nfor i in range(3):\n    T = T + (i,)"),
        (APP, "f = lambda: 0"),
        (APP, "class A: pass\nthe_meter = A()"),
    ],
)
def test_flagged(path, source):
    assert len(findings(pathlib.PurePosixPath(path), source)) >= 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("firmware/main.py", "from board import build\nmeter = build()\nmeter.run()\n"),
        (APP, "from micropython import const\n_A = const(1 << 3)\nB = _A | 4\n"),
        (APP, "T = (1, 2, ('a', b'c'))\nS = bytes((1, 2))\nU = T + (3,)\nN = -1\n"),
        (APP, "V = tuple(i * i for i in range(4))\nW = bytes([1, 2])\n"),
        (APP, "import struct\n_SIZE = struct.calcsize('<HI')\n"),
        (
            APP,
            "class A:\n    __slots__ = ('a',)\n    N = 3\n    def f(self):\n        self.a = []\n        return {}\n",
        ),
        (APP, "def f(a=(), b=None, c=0): return a // 2 << 1\n"),
        (APP, '"""Text with / and 0.5 and import machine."""\n'),
        (APP, "from app import ticks\nfrom . import sample\nfrom app.records import codes\n_X = codes.A | ticks.B\n"),
        (DRIVER, "import struct, time\ndef f(a): return a * 0.5\n"),
        (BOARD, "from machine import Pin, SPI\ndef build():\n    return [Pin(2)]\n"),
        (APP, "try:\n    import binascii\nexcept ImportError:\n    binascii = None\n"),
    ],
)
def test_not_flagged(path, source):
    assert findings(pathlib.PurePosixPath(path), source) == []


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("firmware/app", "import machine\n"),
        ("firmware/app", "from time import sleep_ms\n"),
        ("firmware/app", "import drivers.relay\n"),
        ("firmware/drivers", "from machine import Pin\n"),
        ("firmware/drivers", "from app import ticks\n"),
    ],
)
def test_the_linter_flags_it_too(folder, source):
    """In the editor, before any test runs: the nested ruff.toml of each folder."""
    result = ruff(source, f"{folder}/x.py")
    assert result.returncode == 1
    assert "TID251" in result.stdout, result.stdout + result.stderr


@pytest.mark.parametrize("folder", ["firmware", "firmware/app", "firmware/drivers", "boards"])
def test_the_linter_knows_the_language(folder):
    """MicroPython takes the syntax of Python 3.8 without positional-only parameters."""
    result = ruff("match 1:\n    case 1:\n        pass\n", f"{folder}/x.py")
    assert "invalid-syntax" in result.stdout, result.stdout + result.stderr


def ruff(source, name):
    command = [sys.executable, "-m", "ruff", "check", "--output-format", "concise", "--stdin-filename", name, "-"]
    return subprocess.run(command, cwd=ROOT, input=source, capture_output=True, text=True, check=False)
