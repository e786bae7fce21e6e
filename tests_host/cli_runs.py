# SPDX-License-Identifier: MIT
"""The `meter` command as a person runs it: one process, and what it printed and returned."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S = 60


class Ran:
    """code: exit code; out, err: what it printed; lines: those of stderr."""

    def __init__(self, arguments, code, out, err):
        self.arguments = arguments
        self.code = code
        self.out = out
        self.err = err
        self.lines = err.splitlines()


def meter(*arguments, **keywords):
    """Run `meter ARGUMENTS` to its end (60 s at most). keywords: of subprocess.run. returns: Ran"""
    command = [sys.executable, "-m", "host_tools.cli", *map(str, arguments)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        **keywords,
    )
    return Ran(arguments, done.returncode, done.stdout, done.stderr)


def picture(folder):
    """Everything about a folder that a command could have changed: {path: (bytes or None, mtime_ns)}."""
    folder = Path(folder)
    paths = [folder, *sorted(folder.rglob("*"))] if folder.is_dir() else [folder] if folder.exists() else []
    return {path: (path.read_bytes() if path.is_file() else None, path.lstat().st_mtime_ns) for path in paths}
