# SPDX-License-Identifier: MIT
"""How a command says no: exit codes are part of the promise of the command line."""


class BadInput(Exception):
    """Wrong use or bad input: exit 2. The text is the one line the user sees."""

    exit_code = 2


class NoDevice(Exception):
    """No device or no connection: exit 3."""

    exit_code = 3


class AnswerIsNo(Exception):
    """The command worked and the answer is no: exit 1."""

    exit_code = 1


def one_line(error):
    """A message that may end in a traceback, in one line: its first, and its last one, which says what it was about."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if len(lines) < 2:
        return lines[0] if lines else type(error).__name__
    return f"{lines[0].removesuffix('; it printed:')}: {lines[-1]}"
