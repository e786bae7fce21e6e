# SPDX-License-Identifier: MIT
"""Arithmetic on the wrapping millisecond tick.

A tick is an int 0..2**30-1, as MicroPython's 32-bit ports make it; every world hands the app this form. Spans must stay
below 2**29 ms (6.2 days). No intermediate leaves the 31-bit small-int range, so nothing is allocated on any port.
Source: MicroPython docs, time.ticks_diff.
"""

from micropython import const

_HALF = const(1 << 29)


def diff(a, b):
    """Signed milliseconds from tick `b` to tick `a`; int in [-2**29, 2**29)."""
    d = a - b
    if d >= _HALF:
        return d - _HALF - _HALF
    if d < -_HALF:
        return d + _HALF + _HALF
    return d


def add(a, ms):
    """Tick `ms` (0..2**29-1) after tick `a`."""
    d = a - _HALF + ms - _HALF
    if d < 0:
        return d + _HALF + _HALF
    return d
