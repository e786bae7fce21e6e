# SPDX-License-Identifier: MIT
"""`make prove`: every proof at the full counts of the contract, two processes at work, one line each; exits 1 if one fails.

python -m tests_host.prove [NAME ...] [--quick]      exits 2 for a name that is none
"""

import importlib
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in (ROOT, ROOT / "firmware", ROOT / "host_tools" / "shims"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from tests_host.proofs import MODULES  # noqa: E402


def _proof(name):
    return importlib.import_module(f"tests_host.proofs.{name}")


def run(name, function, arguments):
    """(passed, result or what went wrong, seconds) of one function of a proof; in a process of the pool."""
    begun = time.perf_counter()
    try:
        result = getattr(_proof(name), function)(*arguments)
        passed = True
    except Exception as error:  # noqa: BLE001  whatever it was, the other proofs go on and the line says it
        result = f"{type(error).__name__}: {error}"
        passed = False
    return passed, result, time.perf_counter() - begun


def plan(names, full):
    """(name, function, arguments) of all that is to be run, in that order, which lets the processes finish together: a proof of
    few parts has long ones and comes first, whole ones before all.
    """
    tasks = {}
    for name in names:
        parts = getattr(_proof(name), "parts", None)
        tasks[name] = [("prove", (full,))] if parts is None else [("part", arguments) for arguments in parts(full)]
    return [(name, *task) for name in sorted(names, key=lambda name: len(tasks[name])) for task in tasks[name]]


def conclude(name, full, outcomes):
    """(passed, line, seconds of all its parts) of a proof from what became of them."""
    seconds = sum(outcome[2] for outcome in outcomes)
    wrong = [result for passed, result, _ in outcomes if not passed]
    if wrong:
        return False, " | ".join(wrong), seconds
    found = [result for _, result, _ in outcomes]
    if not hasattr(_proof(name), "parts"):
        return True, found[0], seconds
    passed, line, _ = run(name, "conclude", (full, found))
    return passed, line, seconds


def main(arguments):
    full = "--quick" not in arguments
    names = [a for a in arguments if a != "--quick"] or list(MODULES)
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        print(f"prove: no proof '{unknown[0]}': choose of {', '.join(MODULES)}, or --quick", file=sys.stderr)
        return 2
    failed = 0
    begun = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        futures = {name: [] for name in names}
        for name, *task in plan(names, full):
            futures[name].append(pool.submit(run, name, *task))
        for name in names:
            passed, line, seconds = conclude(name, full, [future.result() for future in futures[name]])
            failed += not passed
            print(f"{'ok  ' if passed else 'FAIL'} {name:17} {seconds:6.0f} s  {line}", flush=True)
    print(f"{len(names) - failed} passed, {failed} failed, {time.perf_counter() - begun:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
