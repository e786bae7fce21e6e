# SPDX-License-Identifier: MIT
"""Single keys from the terminal, without Enter; and nothing at all where there is no terminal."""

import os
import select
import sys
import time

try:
    import termios
    import tty
except ImportError:  # not a POSIX terminal: no keys
    termios = tty = None


class Keyboard:
    """`with Keyboard() as keys:` the terminal gives keys at once and does not echo them; afterwards it is as before."""

    def __init__(self, stream=None):
        self._stream = sys.stdin if stream is None else stream
        self._fd = None
        self._before = None

    def __enter__(self):
        try:
            fd = self._stream.fileno()
            # In the background a terminal is not ours: touching it would stop the process.
            if termios and os.isatty(fd) and os.tcgetpgrp(fd) == os.getpgrp():
                self._before = termios.tcgetattr(fd)
                tty.setcbreak(fd)
                self._fd = fd
        except (OSError, ValueError, AttributeError):
            self._fd = None
        return self

    def __exit__(self, *error):
        if self._before is not None and self._fd is not None:
            try:
                termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)
            except (OSError, termios.error):
                pass  # the terminal is gone
        self._fd = None
        self._before = None

    @property
    def present(self):
        return self._fd is not None

    def wait(self, timeout_s):
        """Characters typed within `timeout_s`, as str; returns with the first ones. Escape sequences (arrows) are dropped."""
        if self._fd is None:
            time.sleep(timeout_s)
            return ""
        try:
            if not select.select([self._fd], [], [], timeout_s)[0]:
                return ""
            typed = os.read(self._fd, 64)
        except OSError:
            typed = b""
        if not typed:  # end of file: the terminal hung up
            self.__exit__()
            return ""
        return "" if typed.startswith(b"\x1b") else typed.decode(errors="ignore")
