# SPDX-License-Identifier: MIT
"""Runs the unit tests where pytest does not exist: MicroPython's unix port, and its WASM port through run_wasm.mjs.

    micropython tests_host/run_mp.py [-v] [FILTER]

Collects tests_host/unit/test_*.py and calls every function test_* in it, in the order of the names. FILTER is a part of
a file's name; a part of a test's name may follow: `ticks`, `ticks::wrap`, `::wrap`. One line a file, the traceback of
every failure, and last `N passed, N failed`. The exit code is 0 only when something ran and nothing failed.

Each file starts from the same set of modules: whatever it imported is forgotten after it, so that no file lives on what
another one left behind. A test that leaves the heap locked fails and does not take the next ones down.
"""

import gc
import os
import sys

import micropython


def _root(file):
    """Folder of the project, from the path of this file as the interpreter was given it (there is no os.path)."""
    parts = file.split("/")
    if len(parts) < 3:
        return ".." if len(parts) == 1 else "."
    return "/".join(parts[:-2])


def _unlock_heap():
    """Undo what a test left locked; returns True if there was anything to undo."""
    micropython.heap_lock()
    depth = left = micropython.heap_unlock()
    while depth:
        depth = micropython.heap_unlock()
    return left > 0


def _call(label, function):
    """Run one test or import; returns its result, or None after printing why it failed."""
    try:
        result = function()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: a test must not end the run with code 0
        _unlock_heap()
        print("FAILED", label)
        sys.print_exception(error)
        return None
    if _unlock_heap():
        print("FAILED", label, "left the heap locked")
        return None
    return True if result is None else result


def _run_file(name, pattern, verbose):
    """Returns (passed, failed) of one file; a file that cannot be imported is one failure."""
    module = _call(name + ".py", lambda: __import__(name))
    if module is None:
        return 0, 1
    passed = failed = 0
    for test in sorted(dir(module)):
        function = getattr(module, test)
        if not test.startswith("test_") or not callable(function) or pattern not in test:
            continue
        label = name + ".py::" + test
        if _call(label, function) is None:
            failed += 1
        else:
            passed += 1
            if verbose:
                print("passed", label)
    return passed, failed


def _forget(keep):
    for name in list(sys.modules):
        if name not in keep:
            del sys.modules[name]
    gc.collect()


def main(root, arguments):
    """root: folder of the project; arguments: list of str. Returns the exit code."""
    verbose = "-v" in arguments
    patterns = [a for a in arguments if a != "-v"]
    if len(patterns) > 1:
        print("usage: run_mp.py [-v] [FILTER]")
        return 2
    file_pattern, _, test_pattern = (patterns[0] if patterns else "").partition("::")
    unit = root + "/tests_host/unit"
    sys.path[:0] = [root + "/firmware", unit]
    passed = failed = 0
    keep = set(sys.modules)
    for file in sorted(os.listdir(unit)):
        name = file[:-3]
        if not file.startswith("test_") or not file.endswith(".py") or file_pattern.replace(".py", "") not in name:
            continue
        p, f = _run_file(name, test_pattern, verbose)
        _forget(keep)
        if p or f:
            print("%-40s %4d passed %4d failed" % (file, p, f))
        passed += p
        failed += f
    print("%d passed, %d failed" % (passed, failed))
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(_root(__file__), sys.argv[1:]))
