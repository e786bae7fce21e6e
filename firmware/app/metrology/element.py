# SPDX-License-Identifier: MIT
"""One metering element: its front end, its registers, and an honest account of what could not be counted.

`read` is called once a pass. While the chip is down the time is measured, and when it counts again the energy of that time is
declared lost, half at the power before and half at the power after, never added to a register: energy is neither invented
nor dropped in silence. A chip that was silent and went on counting has lost nothing, and nothing is declared.
"""

from micropython import const

from app import ticks
from app.metrology import sample as s
from app.metrology.registers import Registers

_LOST_STEP_MS = const(30_000)  # W x ms stays a small int: 30 kW x 30 s

_WINDOW_MS = const(900)
_TICK_HALF = const(1 << 29)  # spans are shorter: see app/ticks.py

_ENERGY = s.ENERGY
_QUANTITIES = s.QUANTITIES
_GONE = s.DOWN | s.RESTARTED


class Element:
    """front_end: FrontEnd port. apparent_counted False: VAh are integrated here from apparent_power_mva.

    lost_mwh[6]: declared lost, in mWh / mvarh / mVAh, order of app.metrology.registers. power_w: |active power| as last known.
    fresh: quantities have come since the panel last took them; it clears this.
    """

    __slots__ = (
        "front_end",
        "sample",
        "registers",
        "lost_mwh",
        "lost_changed",
        "power_w",
        "flags",
        "news",
        "fresh",
        "down",
        "failures",
        "_last_ms",
        "_down_ms",
        "_powered_up",
        "_restarted",
        "_known",
        "_window_ms",
        "_window_active",
        "_window_reactive",
        "_window_apparent",
        "_before_ms",
        "_p_before_w",
        "_q_before_var",
        "_s_before_va",
        "_s_before_mva",
        "_apparent_ms",
        "_mva_rest",
        "_va_rest",
    )

    def __init__(self, front_end):
        self.front_end = front_end
        self.sample = s.Sample()
        self.registers = Registers(front_end.counts_per_wh)
        self.lost_mwh = [0, 0, 0, 0, 0, 0]
        self.lost_changed = False
        self.power_w = 0
        self.flags = 0
        self.news = 0  # flags of all reads since supervision last looked; it clears them
        self.fresh = True
        self.down = False
        self.failures = 0  # exceptions that escaped the driver: counted, metering goes on
        self._last_ms = 0
        self._down_ms = 0
        self._powered_up = False  # the chip came up with the supply: that it was in reset is no fault
        self._restarted = False  # since the last ENERGY: counts are gone
        self._window_ms = 0  # of the three below, of which none counts while it is 0
        self._window_active = 0
        self._window_reactive = 0
        self._window_apparent = 0
        self._known = False  # a power before the gap is known
        self._before_ms = 0  # > 0: _q_before_var (and _s_before_va, if counted) are still counts, of this time
        self._p_before_w = 0
        self._q_before_var = 0
        self._s_before_va = 0
        self._s_before_mva = 0
        self._apparent_ms = 0  # counted by the chip since apparent energy was last integrated
        self._mva_rest = 0
        self._va_rest = 0

    def begin(self, now_ms, boot_ms):
        """Metering time starts `boot_ms` before `now_ms`: the supply was there before the firmware was (0: a mere reset)."""
        self._last_ms = now_ms
        self._down_ms = boot_ms
        self._powered_up = boot_ms > 0

    def read(self, now_ms, quantities):  # noqa: C901  one line after the other is cheaper than calls
        """One read of the chip. returns: the sample's flags. allocates: no, while the chip answers"""
        smp = self.sample
        elapsed_ms = now_ms - self._last_ms
        if elapsed_ms < 0 or elapsed_ms >= _TICK_HALF:  # the tick has wrapped: rare enough to call for it then only
            elapsed_ms = ticks.diff(now_ms, self._last_ms)
        try:
            # After a gap the power is part of the estimate of what was lost.
            self.front_end.read_into(smp, now_ms, quantities or self.down)
        except Exception:  # noqa: BLE001  a driver must not stop the meter; counted and shown as a measurement fault
            self.failures += 1
            smp.flags = s.SUSPECT
        flags = smp.flags
        if flags & _GONE and flags & s.RESTARTED:
            self._restarted = True
        if self._powered_up:
            flags = self._after_power_on(flags)
        self.flags = flags
        self.news |= flags
        if flags & _ENERGY:
            self._last_ms = now_ms
            active = smp.active_counts
            apparent = smp.apparent_counts
            if not self.front_end.apparent_counted:
                self._apparent_ms += elapsed_ms
                if flags & _QUANTITIES:
                    apparent = self._integrate_apparent()
            reactive = smp.reactive_counts
            registers = self.registers
            # Registers.fold, here: every read does it, and a call costs as much again.
            registers.pending_active += active
            registers.pending_reactive += reactive
            registers.pending_apparent += apparent
            if elapsed_ms > 0:
                watts = self._power(active if active >= 0 else -active, elapsed_ms)
                self.power_w = watts
                if not flags & _QUANTITIES and not self.down:
                    # Power before a gap that may come: the chip's own counts are fresher than a reading of some passes ago.
                    window_ms = self._window_ms
                    if window_ms:
                        active += self._window_active
                        reactive += self._window_reactive
                        apparent += self._window_apparent
                    window_ms += elapsed_ms
                    if window_ms < _WINDOW_MS:
                        self._window_ms = window_ms
                        self._window_active = active
                        self._window_reactive = reactive
                        self._window_apparent = apparent
                    else:
                        if window_ms != elapsed_ms:
                            watts = self._power(active if active >= 0 else -active, window_ms)
                            self._window_ms = 0
                        self._know(watts if active >= 0 else -watts, reactive, apparent, window_ms)
        elif flags & _GONE:
            self.down = True
            self._window_ms = 0
            self._down_ms += elapsed_ms
            self._last_ms = now_ms
        if flags & _QUANTITIES:
            self._take_quantities(flags)
        # A short read may bring no count at all (0.1 Wh each): the last reading holds until there is a new one.
        watts = self._p_before_w
        if watts < 0:
            watts = -watts
        if watts > self.power_w:  # noqa: PLR1730  max() is a call
            self.power_w = watts
        return flags

    def _take_quantities(self, flags):
        smp = self.sample
        self.fresh = True
        if self.down and flags & _ENERGY:
            self._declare()
        self._known = True
        self._before_ms = 0
        self._p_before_w = smp.active_power_mw // 1000
        self._q_before_var = smp.reactive_power_mvar // 1000
        self._s_before_va = smp.apparent_power_mva // 1000
        self._window_ms = 0

    def _after_power_on(self, flags):
        """Until the chip counts for the first time: that it is found in reset is no fault. returns: the flags to go by"""
        if not flags & s.ENERGY:
            return flags & ~s.RESTARTED | (s.DOWN if flags & s.RESTARTED else 0)
        self._powered_up = False
        if not self.down:
            self._down_ms = 0  # it was up and counting before the firmware was
        return flags

    def _power(self, counts, elapsed_ms):
        """Counts (>= 0) of `elapsed_ms` -> W. Joules first: no product passes 2^30."""
        per = self.registers.counts_per_wh
        if per >= 3600:
            joules = counts // (per // 3600)
        else:
            joules = counts * (3600 // per)
        if elapsed_ms >= 1000:
            return joules // (elapsed_ms // 1000)
        return joules * 1000 // elapsed_ms

    def _know(self, watts, reactive, apparent, ms):
        """Signed power, and counts of `ms`, before a gap that may come. What only a gap asks for is kept as it is."""
        self._known = True
        self._p_before_w = watts
        self._before_ms = ms
        self._q_before_var = reactive
        if self.front_end.apparent_counted:
            self._s_before_va = apparent

    def _signed_power(self, counts, elapsed_ms):
        return self._power(counts, elapsed_ms) if counts >= 0 else -self._power(-counts, elapsed_ms)

    def _integrate_apparent(self):
        """Trapezoid from one power reading to the next: a step of the load between two of them errs as often up as down."""
        now_mva = self.sample.apparent_power_mva
        mean_mva = (self._s_before_mva + now_mva) >> 1 if self._known else now_mva
        self._s_before_mva = now_mva
        elapsed_ms = self._apparent_ms
        self._apparent_ms = 0
        # One count is 3600 / counts_per_wh VAs. Seconds first, so that no product leaves the small ints; every rest is kept.
        mean_mva += self._mva_rest
        volt_amperes = mean_mva // 1000
        self._mva_rest = mean_mva - volt_amperes * 1000
        per_s = 3600 // self.registers.counts_per_wh
        seconds = elapsed_ms // 1000
        va_s = volt_amperes * seconds
        counts = va_s // per_s
        va_ms = (va_s - counts * per_s) * 1000 + volt_amperes * (elapsed_ms - seconds * 1000) + self._va_rest
        more = va_ms // (per_s * 1000)
        self._va_rest = va_ms - more * per_s * 1000
        return counts + more

    def _declare(self):
        """The chip counts again: what flowed since the last good read is declared lost.

        Half of the time at the power before and half at the power after, each in its own direction: a mean of import and
        export would hide both.
        """
        smp = self.sample
        after_ms = self._down_ms
        self._down_ms = 0
        self.down = False
        if not self._restarted:
            return
        self._restarted = False
        if self._known:
            before_ms = after_ms // 2
            after_ms -= before_ms
            q = self._q_before_var
            va = self._s_before_va
            if self._before_ms:
                q = self._signed_power(q, self._before_ms)
                if self.front_end.apparent_counted:
                    va = self._power(va, self._before_ms)
            self._lose(self._p_before_w, q, va, before_ms)
        self._lose(
            smp.active_power_mw // 1000, smp.reactive_power_mvar // 1000, smp.apparent_power_mva // 1000, after_ms
        )
        self.lost_changed = True

    def _lose(self, p, q, va, left_ms):
        """Declare `left_ms` at p W, q var, va VA lost."""
        lost = self.lost_mwh
        while left_ms > 0:
            step = left_ms if left_ms < _LOST_STEP_MS else _LOST_STEP_MS
            left_ms -= step
            if p >= 0:
                lost[0] += p * step // 3600
                lost[4] += va * step // 3600
            else:
                lost[1] += -p * step // 3600
                lost[5] += va * step // 3600
            if q >= 0:
                lost[2] += q * step // 3600
            else:
                lost[3] += -q * step // 3600
