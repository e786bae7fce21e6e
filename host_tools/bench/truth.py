# SPDX-License-Identifier: MIT
"""What really flowed: exact integer energy in nJ (mW x us), netted as the registers net it.

Two nettings of the same flow. "second": the signed energy of one metering second goes to import or export by its sign
at the end of that second; apparent energy follows the active sign of its second (0 counts as import), reactive energy
its own. "cycle": the same per nominal mains cycle of 20 ms, which is what by-sign counting in a chip comes to. The
window still open is `pending`, in no register. A span of constant flow costs the same however long it is.
"""

from fractions import Fraction

from host_tools.bench.chips.energy import NJ_PER_WH, REGISTER_KEYS
from host_tools.bench.point import DEAD

SECOND_US = 1_000_000
CYCLE_US = 20_000

_ACTIVE_IMPORT, _ACTIVE_EXPORT, _REACTIVE_IMPORT, _REACTIVE_EXPORT, _APPARENT_IMPORT, _APPARENT_EXPORT = REGISTER_KEYS


class Netting:
    """Signed energy -> six registers, one decision a window.

    window_us: length; phase_us: windows end where world time is phase_us modulo window_us. nj: dict REGISTER_KEYS ->
    int. pending: (active, reactive, apparent) nJ of the open window, signed (apparent >= 0).
    """

    def __init__(self, window_us, phase_us=0):
        self.window_us = window_us
        self.phase_us = phase_us
        self.nj = dict.fromkeys(REGISTER_KEYS, 0)
        self._active = 0
        self._reactive = 0
        self._apparent = 0

    @property
    def pending(self):
        return self._active, self._reactive, self._apparent

    def add(self, t0_us, t1_us, active_mw, reactive_mvar, apparent_mva):
        """Constant powers over [t0_us, t1_us)."""
        window = self.window_us
        first_end = t0_us + window - (t0_us - self.phase_us) % window
        if t1_us < first_end:
            span = t1_us - t0_us
        else:
            head = first_end - t0_us
            active = self._active + active_mw * head
            reactive = self._reactive + reactive_mvar * head
            apparent = self._apparent + apparent_mva * head
            whole = (t1_us - first_end) // window * window
            if (active < 0) == (active_mw < 0) and (reactive < 0) == (reactive_mvar < 0):
                # The window that ends and those that follow go the same way.
                active += active_mw * whole
                reactive += reactive_mvar * whole
                apparent += apparent_mva * whole
            elif whole:
                _book(self.nj, active_mw * whole, reactive_mvar * whole, apparent_mva * whole)
            _book(self.nj, active, reactive, apparent)
            self._active = self._reactive = self._apparent = 0
            span = t1_us - first_end - whole
        self._active += active_mw * span
        self._reactive += reactive_mvar * span
        self._apparent += apparent_mva * span

    def close(self):
        """Book the open window now, by its sign so far."""
        _book(self.nj, self._active, self._reactive, self._apparent)
        self._active = self._reactive = self._apparent = 0

    def closed_nj(self):
        """The registers as they would be if the open window ended now; a new dict."""
        nj = dict(self.nj)
        _book(nj, self._active, self._reactive, self._apparent)
        return nj


def _book(nj, active, reactive, apparent):
    if active < 0:
        nj[_ACTIVE_EXPORT] -= active
        nj[_APPARENT_EXPORT] += apparent
    else:
        nj[_ACTIVE_IMPORT] += active
        nj[_APPARENT_IMPORT] += apparent
    if reactive < 0:
        nj[_REACTIVE_EXPORT] -= reactive
    else:
        nj[_REACTIVE_IMPORT] += reactive


class Truth:
    """The world's own account of one element; nothing in it comes from a chip or the meter.

    second, cycle: the two Nettings. second_phase_us: where in world time the metering second ends (microseconds modulo
    one second). What flows is booked when it changes, or when somebody looks: a span that goes on costs nothing.
    """

    def __init__(self, second_phase_us=0):
        self._second = Netting(SECOND_US, second_phase_us)
        self._cycle = Netting(CYCLE_US)
        self._point = DEAD
        self._booked_us = 0  # `_point` flowed from here to now_us and is in no netting yet
        self.now_us = None  # end of the last span; None before the first

    @property
    def second(self):
        self._book()
        return self._second

    @property
    def cycle(self):
        self._book()
        return self._cycle

    def add(self, t0_us, t1_us, point):
        """`point` (OperatingPoint) flowed over [t0_us, t1_us); nothing flowed in a gap since the last call.

        Raises ValueError if the span goes backward or overlaps the last one.
        """
        now_us = self.now_us
        if t1_us < t0_us or (now_us is not None and t0_us < now_us):
            raise ValueError("spans of truth overlap or go backward")
        if point is not self._point or t0_us != now_us:
            self._book()
            if now_us is not None and t0_us > now_us:
                self._flow(now_us, t0_us, DEAD)
            self._point = point
            self._booked_us = t0_us
        self.now_us = t1_us

    def _book(self):
        if self.now_us is not None and self._booked_us < self.now_us:
            self._flow(self._booked_us, self.now_us, self._point)
            self._booked_us = self.now_us

    def _flow(self, t0_us, t1_us, point):
        self._second.add(t0_us, t1_us, point.active_mw, point.reactive_mvar, point.apparent_mva)
        self._cycle.add(t0_us, t1_us, point.active_mw, point.reactive_mvar, point.apparent_mva)

    def set_second_phase(self, phase_us):
        """The metering second ends elsewhere from now on (the meter restarted); the open one goes on to its new end."""
        self.second.phase_us = phase_us

    def wh(self, key, pending=False):
        """Exact Fraction of Wh (varh, VAh) netted per second; pending: as if the open second ended now."""
        return _wh(self.second, key, pending)

    def cycle_wh(self, key, pending=False):
        """The same netted per mains cycle."""
        return _wh(self.cycle, key, pending)

    def totals(self, pending=False):
        """dict REGISTER_KEYS -> float Wh netted per second, for reports."""
        return {key: float(self.wh(key, pending)) for key in REGISTER_KEYS}

    def cycle_totals(self, pending=False):
        """dict REGISTER_KEYS -> float Wh netted per mains cycle, for reports."""
        return {key: float(self.cycle_wh(key, pending)) for key in REGISTER_KEYS}


def _wh(netting, key, pending):
    nj = netting.closed_nj() if pending else netting.nj
    return Fraction(nj[key], NJ_PER_WH)
