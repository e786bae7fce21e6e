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
