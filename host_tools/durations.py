# SPDX-License-Identifier: MIT
"""Durations as the command line reads them: 600s, 6h, 30d."""

import re

from host_tools.errors import BadInput

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}


def seconds(text):
    """`600s` -> 600. raises BadInput"""
    match = re.fullmatch(r"([0-9]{1,9})(s|min|h|d)", text.strip())
    if not match or int(match[1]) == 0:
        raise BadInput(f"duration {text!r}: write it as 600s, 90min, 6h or 30d")
    return int(match[1]) * _UNITS[match[2]]
