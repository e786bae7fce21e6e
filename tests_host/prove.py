# SPDX-License-Identifier: MIT
"""`make prove`: every proof at the full counts of the contract, two at a time, one line each; exits 1 if one fails.

python -m tests_host.prove [NAME ...] [--quick]
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


def run(name, full):
    """(name, passed, line, seconds)"""
    begun = time.perf_counter()
    try:
        line = importlib.import_module(f"tests_host.proofs.{name}").prove(full)
        passed = True
    except Exception as error:  # noqa: BLE001  whatever it was, the other proofs go on and the line says it
        line = f"{type(error).__name__}: {error}"
        passed = False
    return name, passed, line, time.perf_counter() - begun


def main(arguments):
    full = "--quick" not in arguments
    names = [a for a in arguments if not a.startswith("-")] or list(MODULES)
    failed = 0
    with ProcessPoolExecutor(2) as pool:
        for future in [pool.submit(run, name, full) for name in names]:
            name, passed, line, seconds = future.result()
            failed += not passed
            print(f"{'ok  ' if passed else 'FAIL'} {name:17} {seconds:6.0f} s  {line}", flush=True)
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
