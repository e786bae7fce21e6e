# SPDX-License-Identifier: MIT
"""Two push buttons, polled, made into gestures: debounced, short, long, both together.

PRESSED comes with the first key that goes down (back-light, key click); what the gesture was comes later:

* A_SHORT, B_SHORT: released before 2 s. A_LONG, B_LONG: at 2 s, still held (or at the release, if no poll came
between). * BOTH: the second key went down within 200 ms after the first. BOTH_LONG: both held for 5 s. Neither gives
a single event then. The 2 s and 5 s are settings.

One gesture at a time: a second key that comes later than 200 ms is not seen until everything is released.
Source: the product's user manual for short, long and both; debounce and simultaneity are this project's (unverified).
Context: one call a pass; an edge should end the wait before it, a level must be seen twice, 20 ms apart.
"""

from micropython import const

from app import ticks

NONE = const(0)
PRESSED = const(1)
A_SHORT = const(2)
A_LONG = const(3)
B_SHORT = const(4)
B_LONG = const(5)
BOTH = const(6)
BOTH_LONG = const(7)

_DEBOUNCE_MS = const(20)
_SIMULTANEOUS_MS = const(200)
_LONG_MS = const(2000)  # of a new one
_BOTH_LONG_MS = const(5000)

_IDLE = const(0)
_HELD_A = const(1)
_HELD_B = const(2)
_HELD_BOTH = const(3)
_SPENT = const(4)  # reported; waiting until all is released


class _Key:
    """Debounced state of one key; `since`: tick of its present state's first level. `moving`: differs."""

    __slots__ = ("_moved_ms", "down", "moving", "since")

    def __init__(self):
        self.down = False
        self.since = 0
        self.moving = False
        self._moved_ms = 0

    def poll(self, now_ms, down):
        if down == self.down:
            self.moving = False
        elif not self.moving:
            self.moving = True
            self._moved_ms = now_ms
        elif ticks.diff(now_ms, self._moved_ms) >= _DEBOUNCE_MS:
            self.moving = False
            self.down = down
            self.since = self._moved_ms


class Gestures:
    """b_sealed: button B is mechanically sealed and ignored. idle: poll has nothing to do while both levels are low.

    long_ms, both_long_ms: what is long, for one key and for both.
    """

    __slots__ = ("_a", "_b", "_pressed_ms", "_state", "b_sealed", "both_long_ms", "idle", "long_ms")

    def __init__(self, b_sealed=False):
        self.b_sealed = b_sealed
        self.long_ms = _LONG_MS
        self.both_long_ms = _BOTH_LONG_MS
        self._a = _Key()
        self._b = _Key()
        self._pressed_ms = 0
        self._state = _IDLE
        self.idle = True

    def poll(self, now_ms, level_a, level_b):
        """Levels of the two keys now (true: pressed) -> one event code, NONE for most calls. allocates: no"""
        a = self._a
        b = self._b
        if self._state == _IDLE and not (level_a or level_b or a.down or b.down):
            if a.moving:
                a.moving = False
            if b.moving:
                b.moving = False
            self.idle = True
            return NONE
        self.idle = False
        a.poll(now_ms, bool(level_a))
        b.poll(now_ms, bool(level_b) and not self.b_sealed)
        state = self._state
        if state == _IDLE:
            if not a.down and not b.down:
                return NONE
            # If both came in one poll, the next one finds the second key down and in time.
            if a.down and not (b.down and ticks.diff(b.since, a.since) < 0):
                self._state = _HELD_A
                self._pressed_ms = a.since
            else:
                self._state = _HELD_B
                self._pressed_ms = b.since
            return PRESSED
        if state == _HELD_A:
            return self._single(now_ms, a, b, A_SHORT)
        if state == _HELD_B:
            return self._single(now_ms, b, a, B_SHORT)
        if state == _HELD_BOTH and a.down and b.down:
            later = a.since if ticks.diff(a.since, b.since) >= 0 else b.since
            if ticks.diff(now_ms, later) < self.both_long_ms:
                return NONE
            self._state = _SPENT
            return BOTH_LONG
        self._state = _SPENT if a.down or b.down else _IDLE
        return NONE

    def _single(self, now_ms, first, second, short_event):
        # `first` owns the gesture. The long event of a key is its short event plus one.
        if first.down:
            if second.down and ticks.diff(second.since, self._pressed_ms) <= _SIMULTANEOUS_MS:
                self._state = _HELD_BOTH
                return BOTH
            # A release that is not debounced yet decides later, by its own time.
            if first.moving or ticks.diff(now_ms, self._pressed_ms) < self.long_ms:
                return NONE
            self._state = _SPENT
            return short_event + 1
        self._state = _SPENT if second.down else _IDLE
        if ticks.diff(first.since, self._pressed_ms) >= self.long_ms:
            return short_event + 1
        return short_event
