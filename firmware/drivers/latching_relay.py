# SPDX-License-Identifier: MIT
"""A latching relay with two coils (or a two-input bridge) and a position feedback: one bounded pulse moves it.

Time comes in as the wrapping millisecond tick (0..2**30-1), so the driver is a step machine: `start` asks, `poll`
does, nothing waits. A pulse is bounded three times: by `poll`, by the optional hardware timer `one_shot`, and by the
RC one-shot in the gate circuit of the board, the only one that still works when the interpreter is gone (ESP32 timer
callbacks need it alive).

Sources: KG Technologies K125 datasheet 082014 (pulse >= 80 ms, 10 000 electrical cycles, "may change state" under
shock); Hongfa HFE20 datasheet (pulse >= 50 ms). Pulse lengths, spacing and rest are this project's choices above
those minima.

    lock = CoilLock()
    relay = LatchingRelay(Pin(4, Pin.OUT, value=0), Pin(13, Pin.OUT, value=0), feedback_pin, lock)
    relay.start(True, now_ms)
    while relay.poll(now_ms): ...        # once a pass; then relay.fault and relay.position()
"""

from micropython import const

OPEN = const(0)
CLOSED = const(1)
UNKNOWN = const(2)

# `fault`: how the last operation ended.
FAULT_NONE = const(0)
FAULT_STUCK_OPEN = const(1)  # asked to close, still open after every try
FAULT_STUCK_CLOSED = const(2)  # asked to open, still closed: welded, bypassed, or back-fed
FAULT_NO_FEEDBACK = const(3)  # pulsed once, position not readable
FAULT_INTERRUPTED = const(4)  # idle() while it was busy

# What `start` and `refusal` return.
STARTED = const(0)
REFUSED_BUSY = const(1)
REFUSED_RESTING = const(2)
REFUSED_CAP = const(3)

ERROR_COIL_STUCK = const(1)

_TICK_MASK = const(0x3FFFFFFF)
_DAY_MS = const(86_400_000)
_HOLD_MS = const(50)  # the contact has to stay without current: an armature that did not latch falls back
_SETTLE_MS = const(200)  # position must be right this long after the pulse ended

_IDLE = const(0)
_WAITING = const(1)  # for the lock
_PULSING = const(2)
_VERIFYING = const(3)


class RelayError(Exception):
    """code: ERROR_COIL_STUCK, a coil pin reads high although it was driven low."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class CoilLock:
    """Shared by all relays of a board: one pulse at a time, and `spacing_ms` for the coil supply to recover in between.

    A K125 dual coil draws 500 mA at 12 V; two at once are not in the supply.
    """

    __slots__ = ("_owner", "_released_ms", "_recovering", "spacing_ms")

    def __init__(self, spacing_ms=500):
        self.spacing_ms = spacing_ms
        self._owner = None
        self._released_ms = 0
        self._recovering = False

    def take(self, relay, now_ms):
        """True when `relay` may pulse now. allocates: no"""
        if self._owner is not None:
            return self._owner is relay
        if self._recovering and (now_ms - self._released_ms) & _TICK_MASK < self.spacing_ms:
            return False
        self._recovering = False
        self._owner = relay
        return True

    def give(self, relay, now_ms):
        """The pulse of `relay` is over. allocates: no"""
        if self._owner is relay:
            self._owner = None
            self._released_ms = now_ms
            self._recovering = True


class LatchingRelay:
    """One relay. A port of the app: see docs/architecture.md, Relay.

    set_pin, reset_pin: coil drivers, high = current; feedback: Pin or callable, 1 = closed, 0 = open, else not known.
    lock: the board's CoilLock. one_shot: None or an object whose `start(ms, pin)` makes a hardware timer drive `pin`
    low after `ms`. rest_ms: least time between operations (10 s for a 100 A relay). daily_cap: closings in 24 h, 0 =
    no cap; only closing is capped, because every opening needs a closing before it and an opening must never be
    refused for wear. raises: RelayError
    """

    __slots__ = (
        "_set",
        "_reset",
        "_feedback",
        "_lock",
        "_one_shot",
        "_rest_ms",
        "_cap",
        "_state",
        "_coil",
        "_wanted",
        "_try",
        "_tries",
        "_since_ms",
        "_pulse_ms",
        "_seen",
        "_seen_ms",
        "_position",
        "_ended_ms",
        "_rested",
        "_closings",
        "_day_ms",
        "fault",
        "pulses",
    )

    DEBOUNCE_MS = 20
    PULSES_MS = (100, 150, 200)  # first try and retries

    def __init__(self, set_pin, reset_pin, feedback, lock=None, *, one_shot=None, rest_ms=10_000, daily_cap=0):
        # Before anything that could fail: no current, whatever the pins did at reset.
        try:
            set_pin(0)
        finally:
            reset_pin(0)
        if set_pin() or reset_pin():
            raise RelayError(ERROR_COIL_STUCK)
        self._set = set_pin
        self._reset = reset_pin
        self._feedback = feedback
        self._lock = CoilLock() if lock is None else lock
        self._one_shot = one_shot
        self._rest_ms = rest_ms
        self._cap = daily_cap
        self._state = _IDLE
        self._coil = set_pin
        self._wanted = OPEN
        self._try = 0
        self._tries = 0
        self._since_ms = 0
        self._pulse_ms = 0
        self._seen = -1  # never sampled
        self._seen_ms = 0
        self._position = UNKNOWN
        self._ended_ms = 0
        self._rested = True
        self._closings = 0
        self._day_ms = 0
        self.fault = FAULT_NONE
        self.pulses = 0

    def position(self):
        """OPEN, CLOSED or UNKNOWN: what the feedback showed for 20 ms of polls. Never inferred from a command."""
        return self._position

    def refusal(self, closed, now_ms):
        """Why `start` would refuse now, or 0. allocates: no"""
        if self._state != _IDLE:
            return REFUSED_BUSY
        if not self._rested and (now_ms - self._ended_ms) & _TICK_MASK < self._rest_ms:
            return REFUSED_RESTING
        if closed and self._cap and self._closings >= self._cap:
            return REFUSED_CAP
        return STARTED

    def start(self, closed, now_ms, tries=3):
        """Ask for a position; a relay known to be there already is not pulsed. returns: 0 accepted, or why not.

        tries: 1..3 pulses at most, of 100, 150 and 200 ms. allocates: no
        """
        code = self.refusal(closed, now_ms)
        if code:
            return code
        wanted = CLOSED if closed else OPEN
        self.fault = FAULT_NONE
        if self._position == wanted:
            return STARTED
        self._wanted = wanted
        self._try = 0
        self._tries = min(tries, len(self.PULSES_MS))
        self._state = _WAITING
        if closed:
            if not self._closings:
                self._day_ms = now_ms
            self._closings += 1
        return STARTED

    def poll(self, now_ms):
        """One step; call it every pass, at least every 10 ms while it returns True (busy). allocates: no"""
        self._sample(now_ms)
        state = self._state
        if state == _IDLE:
            self._age(now_ms)
            return False
        if state == _PULSING:
            if (now_ms - self._since_ms) & _TICK_MASK < self._pulse_ms:
                return True
            self._end_pulse(now_ms)
            self._state = state = _VERIFYING
        if state == _VERIFYING:
            return self._verify(now_ms)
        if self._lock.take(self, now_ms):
            self._begin_pulse(now_ms)
        return True

    def next_ms(self, now_ms):
        """Milliseconds until `poll` has something to do, at most 10 while busy; -1 when idle. allocates: no"""
        if self._state == _IDLE:
            return -1
        if self._state == _PULSING:
            left = self._pulse_ms - ((now_ms - self._since_ms) & _TICK_MASK)
            return max(0, min(left, 10))
        return 10

    def idle(self):
        """Both coils off at once, whatever was going on (power fail, service mode)."""
        try:
            self._set(0)
        finally:
            self._reset(0)
        if self._state != _IDLE:
            # No tick here: power fail calls this from wherever it was. Spacing and rest then count from the pulse's
            # start.
            self._lock.give(self, self._since_ms)
            if self._try or self._state == _PULSING:
                self._rest_from(self._since_ms)
            self.fault = FAULT_INTERRUPTED
            self._state = _IDLE

    def _sample(self, now_ms):
        level = self._feedback()
        if level not in (0, 1):
            level = UNKNOWN
        if level != self._seen:
            self._seen = level
            self._seen_ms = now_ms
        elif level != self._position and (now_ms - self._seen_ms) & _TICK_MASK >= self.DEBOUNCE_MS:
            self._position = level

    def _age(self, now_ms):
        # Latched in passing, so that no span is ever compared across the wrap of the tick.
        if not self._rested and (now_ms - self._ended_ms) & _TICK_MASK >= self._rest_ms:
            self._rested = True
        if self._closings and (now_ms - self._day_ms) & _TICK_MASK >= _DAY_MS:
            self._closings = 0

    def _begin_pulse(self, now_ms):
        if self._wanted == CLOSED:
            coil = self._set
            self._reset(0)
        else:
            coil = self._reset
            self._set(0)
        self._coil = coil
        self._pulse_ms = self.PULSES_MS[self._try]
        self._since_ms = now_ms
        self._state = _PULSING
        self.pulses += 1
        # The timer runs before the current does: a crash between the two lines leaves no coil on.
        if self._one_shot is not None:
            self._one_shot.start(self._pulse_ms, coil)
        coil(1)

    def _end_pulse(self, now_ms):
        self._coil(0)
        self._since_ms = now_ms
        self._try += 1
        self._lock.give(self, now_ms)

    def _verify(self, now_ms):
        waited_ms = (now_ms - self._since_ms) & _TICK_MASK
        if waited_ms < _HOLD_MS:
            return True
        if self._position == self._wanted and self._seen == self._wanted:
            return self._finish(FAULT_NONE)
        if waited_ms < _SETTLE_MS:
            return True
        if self._position == UNKNOWN:
            # Blind: another pulse could not be judged either.
            return self._finish(FAULT_NO_FEEDBACK)
        if self._try < self._tries:
            self._state = _WAITING
            return True
        return self._finish(FAULT_STUCK_OPEN if self._wanted == CLOSED else FAULT_STUCK_CLOSED)

    def _finish(self, fault):
        self.fault = fault
        self._rest_from(self._since_ms)
        self._state = _IDLE
        return False

    def _rest_from(self, ms):
        self._ended_ms = ms
        self._rested = False
