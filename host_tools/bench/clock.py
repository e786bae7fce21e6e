# SPDX-License-Identifier: MIT
"""Virtual time: integer microseconds since the world began, charged by whoever uses it.

The same object is the firmware's `time` module (ticks_ms, sleep_ms, ...). The tick starts five seconds before its wrap at
2**30 ms, so that every run crosses it.
"""

TICKS_MASK = (1 << 30) - 1
TICKS_HALF = 1 << 29


class VirtualClock:
    """now_us: int, microseconds since the start of the world; only ever grows."""

    __slots__ = ("now_us", "tick_start_ms")

    def __init__(self, tick_start_ms=(1 << 30) - 5000):
        self.now_us = 0
        self.tick_start_ms = tick_start_ms

    def charge(self, us):
        """Let `us` microseconds (int >= 0) pass because something was busy."""
        self.now_us += us

    def ticks_ms(self):
        return (self.tick_start_ms + self.now_us // 1000) & TICKS_MASK

    def ticks_us(self):
        return (self.tick_start_ms * 1000 + self.now_us) & TICKS_MASK

    @staticmethod
    def ticks_diff(a, b):
        return ((a - b + TICKS_HALF) & TICKS_MASK) - TICKS_HALF

    @staticmethod
    def ticks_add(a, delta):
        return (a + delta) & TICKS_MASK

    def sleep_ms(self, ms):
        self.now_us += ms * 1000

    def sleep_us(self, us):
        self.now_us += us
