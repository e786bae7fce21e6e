# SPDX-License-Identifier: MIT
"""app.ticks against the definition: differences modulo 2**30, read as signed (MicroPython docs, time.ticks_diff)."""

from app import ticks

TOP = (1 << 30) - 1


def test_diff_within_one_turn():
    assert ticks.diff(1500, 1000) == 500
    assert ticks.diff(1000, 1500) == -500
    assert ticks.diff(7, 7) == 0


def test_diff_across_the_wrap():
    assert ticks.diff(4, TOP) == 5
    assert ticks.diff(TOP, 4) == -5


def test_diff_at_half_a_turn_is_negative():
    # The range is [-2**29, 2**29): exactly half a turn belongs to the past.
    assert ticks.diff(1 << 29, 0) == -(1 << 29)
    assert ticks.diff((1 << 29) - 1, 0) == (1 << 29) - 1
    assert ticks.diff(0, 1 << 29) == -(1 << 29)


def test_add_wraps():
    assert ticks.add(TOP, 1) == 0
    assert ticks.add(TOP, 0) == TOP
    assert ticks.add(0, (1 << 29) - 1) == (1 << 29) - 1
    assert ticks.add(TOP - 999, 2500) == 1500


def test_nothing_is_allocated():
    import micropython

    pairs = (0, 1, TOP, TOP >> 1, 1 << 29, (1 << 29) - 1)
    micropython.heap_lock()
    for a in pairs:
        for b in pairs:
            ticks.diff(a, b)
        ticks.add(a, 1000)
        ticks.add(a, (1 << 29) - 1)
    micropython.heap_unlock()
