# SPDX-License-Identifier: MIT
"""The unit tests on the other two interpreters, so that one `pytest` covers all three. A missing runtime is a failure.

Also the runner itself: what it must refuse to call green.
"""

import pathlib
import re
import subprocess

import pytest

from host_tools.bench import runtimes

ROOT = pathlib.Path(__file__).resolve().parent.parent
RUN_MP = "tests_host/run_mp.py"
TIMEOUT_S = 120
WASM_PACKAGE = ROOT / "node_modules" / "@micropython" / "micropython-webassembly-pyscript"


def run(command, cwd=ROOT):
    """A run that does not end is told with what it printed: the tests that passed before the one that hangs."""
    try:
        return subprocess.run(
            command,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        pytest.fail(f"{command} did not end:\n{(error.stdout or b'').decode()}", pytrace=False)


def assert_green(result):
    closing = result.stdout.rstrip().rsplit("\n", 1)[-1]
    assert result.returncode == 0, "\n" + result.stdout
    found = re.fullmatch(r"(\d+) passed, 0 failed", closing)
    assert found and int(found[1]) > 0, "\n" + result.stdout


def test_unit_tests_on_the_unix_port():
    assert_green(run([runtimes.micropython(), RUN_MP, "-v"]))


@pytest.mark.slow
def test_unit_tests_on_the_32_bit_wasm_port():
    assert WASM_PACKAGE.is_dir(), "the WASM port is not installed: npm ci"
    assert_green(run([runtimes.node(), "tests_host/run_wasm.mjs", "-v"]))


@pytest.fixture
def project(tmp_path):
    """A project with the real runner and unit tests of its own: returns run(files: dict name -> source, *arguments)."""
    unit = tmp_path / "tests_host" / "unit"
    unit.mkdir(parents=True)
    (tmp_path / "firmware").mkdir()
    (tmp_path / RUN_MP).write_text((ROOT / RUN_MP).read_text())

    def run_files(files, *arguments):
        for name, source in files.items():
            (unit / name).write_text(source)
        return run([runtimes.micropython(), RUN_MP, *arguments], tmp_path)

    return run_files


GOOD = "def test_a(): pass\ndef test_b(): pass\n"


@pytest.mark.parametrize(
    ("files", "arguments", "closing", "code"),
    [
        pytest.param({"test_x.py": GOOD}, [], "2 passed, 0 failed", 0, id="all good"),
        pytest.param({"test_x.py": GOOD + "def test_c(): assert 0\n"}, [], "2 passed, 1 failed", 1, id="one fails"),
        pytest.param({"test_x.py": "import nothing\n"}, [], "0 passed, 1 failed", 1, id="file cannot be imported"),
        pytest.param({"test_x.py": "def test_a(): raise SystemExit(0)\n"}, [], "0 passed, 1 failed", 1, id="exits"),
        pytest.param({}, [], "0 passed, 0 failed", 1, id="no test"),
        pytest.param({"test_x.py": GOOD}, ["nowhere"], "0 passed, 0 failed", 1, id="filter finds nothing"),
        pytest.param({"test_x.py": GOOD, "test_y.py": GOOD}, ["y::_a"], "1 passed, 0 failed", 0, id="filter"),
        pytest.param(
            {"test_x.py": "import micropython\ndef test_a(): micropython.heap_lock()\ndef test_b(): [1]\n"},
            [],
            "1 passed, 1 failed",
            1,
            id="heap left locked",
        ),
        pytest.param(
            {
                "shared.py": "seen = []\n",
                "test_x.py": "import shared\ndef test_a(): shared.seen.append(1)\n",
                "test_y.py": "import shared\ndef test_a(): assert shared.seen == []\n",
            },
            [],
            "2 passed, 0 failed",
            0,
            id="files are isolated",
        ),
    ],
)
def test_runner(project, files, arguments, closing, code):
    result = project(files, *arguments)
    assert result.stdout.rstrip().rsplit("\n", 1)[-1] == closing, result.stdout
    assert result.returncode == code
