# SPDX-License-Identifier: MIT
"""The pulse indicator: firmware pulses at computed instants, or the metering chip's own CF output.

An accuracy test times the LED, so the active-energy LED belongs on the chip's CF pin (`CfPassThrough`: nothing to do
here). `PulseLed` is for a second indicator, or for a chip whose CF is not wired. The instants are interpolated by the
app from the counts of a read; a late pass delays a pulse and never loses it (up to the 16 that wait).

Source of the 40 ms: IEC 62053-31, pulse output, t_on and t_off >= 30 ms. Rate: at most 1000 / (2 * on_ms) pulses a
second.

    led = PulseLed(pin)
    led.emit(12_500, now_ms)         # a pulse 12.5 ms from this tick
    wait_ms = led.poll(now_ms)       # every pass; -1: nothing to wait for
"""

from micropython import const

_TICK_MASK = const(0x3FFFFFFF)
_TICK_HALF = const(0x20000000)
_DEPTH = const(16)
_HORIZON_MS = const(1000)  # a hardware timer is only armed for edges nearer than this


class PulseLed:
    """pin: Pin, high = light; on_ms: length of a pulse and least dark time after it.

    timer: None (edges are made by `poll`) or a callable `timer(delay_us, callback)` that calls `callback(arg)` once
    from a hardware timer; edges then do not depend on the length of a pass. count: pulses begun, modulo 2**30.
    dropped: pulses that found the queue full. allocates: only here
    """

    __slots__ = (
        "_pin",
        "_on_ms",
        "_timer",
        "_armed",
        "_lit",
        "_ms",
        "_us",
        "_head",
        "_tail",
        "_edge_ms",
        "_edge_us",
        "_dark",
        "_step",
        "count",
        "dropped",
    )

    def __init__(self, pin, on_ms=40, timer=None):
        pin(0)
        self._pin = pin
        self._on_ms = on_ms
        self._timer = timer
        self._armed = False
        self._lit = False
        self._ms = [0] * _DEPTH  # instants waiting: tick, and the microseconds beyond it
        self._us = [0] * _DEPTH
        self._head = 0  # moved by the consumer (poll or timer) only
        self._tail = 0  # moved by emit only
        self._edge_ms = 0  # instant of the next falling edge, or until when it has to stay dark
        self._edge_us = 0
        self._dark = True  # dark long enough: the instant above no longer binds
        self._step = self._on_timer  # bound once: taking a bound method allocates
        self.count = 0
        self.dropped = 0

    def emit(self, delay_us, now_ms):
        """Queue a pulse `delay_us` (0..10**9) after tick `now_ms`; instants must not fall. allocates: no"""
        tail = self._tail
        following = (tail + 1) % _DEPTH
        if following == self._head:
            self.dropped += 1
            return
        ms = delay_us // 1000
        self._us[tail] = delay_us - ms * 1000
        self._ms[tail] = (now_ms - (_TICK_MASK - ms) - 1) & _TICK_MASK
        self._tail = following

    def poll(self, now_ms):
        """Make the edge that is due. returns: ms until the next one (0..), -1 when none is left. allocates: no"""
        if self._timer is not None:
            return self._arm(now_ms)
        if not self._next():
            self._rest(now_ms)
            return -1
        left = _diff(self._edge_ms, now_ms)
        if left > 0 or (left == 0 and self._edge_us):
            # The tick has no microseconds: an edge within this millisecond is made at its end.
            return left + 1 if self._edge_us else left
        self._edge(now_ms)
        if not self._next():
            return -1
        return max(0, _diff(self._edge_ms, now_ms))

    def _next(self):
        """Bring the instant of the next edge into _edge_ms/_edge_us. False: there is none."""
        if self._lit:
            return True
        head = self._head
        if head == self._tail:
            return False
        ms = self._ms[head]
        if self._dark or _diff(ms, self._edge_ms) >= 0:
            self._edge_ms = ms
            self._edge_us = self._us[head]
            self._dark = True
        return True

    def _edge(self, at_ms):
        if self._lit:
            self._pin(0)
            self._lit = False
            self._dark = False
        else:
            self._pin(1)
            self._lit = True
            self._head = (self._head + 1) % _DEPTH
            self.count = (self.count + 1) & _TICK_MASK
        # From when it happened, not from when it should have: a late edge shortens neither light nor dark.
        self._edge_ms = (at_ms - (_TICK_MASK - self._on_ms) - 1) & _TICK_MASK

    def _rest(self, now_ms):
        # Latched, so that the end of the dark time is never compared across the wrap of the tick.
        if not self._dark and _diff(now_ms, self._edge_ms) >= 0:
            self._dark = True

    def _arm(self, now_ms):
        if self._armed:
            return -1
        if not self._next():
            self._rest(now_ms)
            return -1
        left = _diff(self._edge_ms, now_ms)
        if left > _HORIZON_MS:
            return left - _HORIZON_MS
        self._armed = True
        self._timer(max(0, left * 1000 + self._edge_us), self._step)
        return -1

    def _on_timer(self, _):
        # The timer fires when the edge is due, so the due instant is the time; no clock is needed in the interrupt.
        ms = self._edge_ms
        us = self._edge_us
        self._edge(ms)
        if self._next():
            left = _diff(self._edge_ms, ms)
            if left <= _HORIZON_MS:
                self._timer(max(0, left * 1000 + self._edge_us - us), self._step)
                return
        self._armed = False


class CfPassThrough:
    """Same calls, no work: the chip's CF pin drives the LED."""

    __slots__ = ("count", "dropped")

    def __init__(self):
        self.count = 0
        self.dropped = 0

    def emit(self, delay_us, now_ms):
        """Nothing: the chip has pulsed already."""

    def poll(self, now_ms):
        """Nothing to wait for: -1."""
        return -1


def _diff(a, b):
    """Signed ticks from b to a."""
    d = (a - b) & _TICK_MASK
    return d - _TICK_MASK - 1 if d >= _TICK_HALF else d
