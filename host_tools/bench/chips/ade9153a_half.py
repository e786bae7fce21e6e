# SPDX-License-Identifier: MIT
"""One-cycle rms of the voltage, renewed each half cycle, and the dip and swell engine of the ADE9153A on it.

The voltage is a sine whose rms value changes in steps. With a window from zero crossing to zero crossing and a step at the
fraction x of it, U**2 = Ua**2 F(x) + Ub**2 (1 - F(x)), F(x) = x - sin(4 pi x) / (4 pi): exact, nothing is sampled.
Crossings are those of the mains: multiples of the half period from the start of the bench, carried on in phase when the
frequency changes.

Source: ADE9153A data sheet Rev. 0, pp. 27-28, 47 (CONFIG1); scale of the levels (code >> 5) and what is below as the ADE9000
data sheet has it, unverified for this part: xA registers hold the extreme of the present event from its first half cycle on,
and of the last one until the next begins.
"""

import copy
import math

NO_DIP = 0x7FFFFF
DIP, SWELL = 0x01, 0x04
_UNKNOWN = -1
_LOOK_AHEAD = 1000  # half cycles


def _weight(x):
    return x - math.sin(4 * math.pi * x) / (4 * math.pi)


class HalfCycles:
    """rms: the last value, AVRMS_OC code. bits: DIP, SWELL while they last. dip, swell: DIPA, SWELLA. raised: an event began
    (or ended, in that mode) since the owner cleared it. still: no event will come by itself; the owner need not call `run_to`
    but to see `rms`.

    The weights F are positive and add up to one, so what lies in a window bounds its rms: while every step is within the
    levels (`_quiet`), no half cycle has to be worked out.
    """

    def __init__(self, now_us):
        self.rms = 0
        self.bits = 0
        self.dip = NO_DIP
        self.swell = 0
        self.raised = False
        self.still = True
        self._settled = True  # `rms` is what it will be, and nothing is being counted
        self._quiet = False
        self._levels = (0, 0xFFFFFF, 0xFFFF, 0xFFFF, False)
        self._half_us = 10_000.0
        self._crossing_us = now_us - now_us % 10_000  # of the last update
        self._steps = ((now_us, 0),)  # (since when, code); the first holds for all time before the second
        self._below = self._above = 0  # updates in a row beyond the level
        self._lowest, self._highest = NO_DIP, 0
        self._alarm_us = _UNKNOWN

    def levels(self, now_us, dip, swell, dip_cycles, swell_cycles, on_exit):
        """From now on: DIP_LVL, SWELL_LVL, DIP_CYC, SWELL_CYC, CONFIG1.DIP_SWELL_IRQ_MODE."""
        self.run_to(now_us)
        self._levels = (dip, swell, max(dip_cycles, 1), max(swell_cycles, 1), on_exit)
        self.still = self._settled = self._quiet = False
        self._alarm_us = _UNKNOWN

    def voltage(self, now_us, code, frequency_mhz):
        """From now on the rms voltage is `code`; 0 mHz: no crossings, the chip goes on with the nominal 10 ms (p. 27)."""
        half = 500e6 / (frequency_mhz or 50_000)
        since, last = self._steps[-1]
        if code == last and half == self._half_us:
            return
        still = self.still  # else the owner is still to be told of something
        if self._quiet and now_us - since > 3 * self._half_us:
            self.rms = last
            self._steps = self._steps[-1:]
            self._skip_to(now_us)
        else:
            self.run_to(now_us)
        if half != self._half_us:
            self._crossing_us = now_us - (now_us - self._crossing_us) / self._half_us * half
            self._half_us = half
        if code != last:
            kept = self._steps[:-1] if self._steps[-1][0] == now_us else self._steps
            self._steps = (*kept, (now_us, code)) if kept else ((now_us, code),)
        beyond = self.bits or self._below or self._above
        self._quiet = still and not beyond and self._levels[0] <= code >> 5 <= self._levels[1]
        self.still = self._quiet
        self._settled = False
        self._alarm_us = _UNKNOWN

    def _skip_to(self, now_us):
        self._crossing_us += (now_us - self._crossing_us) // self._half_us * self._half_us

    def run_to(self, now_us):
        """Every update up to now."""
        while self._crossing_us + self._half_us <= now_us:
            if self._settled:
                self._skip_to(now_us)
                return
            self._update()

    def next_us(self):
        """When the next event will be raised if the voltage stays as it is; None if none will."""
        if self.still:
            return None
        if self._alarm_us == _UNKNOWN:
            ahead = copy.copy(self)
            ahead.raised = False
            self._alarm_us = None
            for _ in range(_LOOK_AHEAD):
                if ahead.still:
                    break
                ahead._update()
                if ahead.raised:
                    self._alarm_us = math.ceil(ahead._crossing_us)
                    break
        return self._alarm_us

    def _update(self):
        """The next crossing."""
        end = self._crossing_us = self._crossing_us + self._half_us
        begin = end - 2 * self._half_us
        steps = self._steps
        while len(steps) > 1 and steps[1][0] <= begin:
            steps = steps[1:]
        self._steps = steps
        if len(steps) == 1:
            self.rms = steps[0][1]
        else:
            square = 0.0
            x = 0.0
            for i, (_, code) in enumerate(steps):
                until = (min(steps[i + 1][0], end) - begin) / (end - begin) if i + 1 < len(steps) else 1.0
                square += code * code * (_weight(until) - _weight(x))
                x = until
            self.rms = round(math.sqrt(max(square, 0.0)))
        self._judge(self.rms >> 5)
        waiting = (self._below and not self.bits & DIP) or (self._above and not self.bits & SWELL)
        self._settled = len(steps) == 1 and not waiting
        self.still = self._settled or self._quiet
        if self.raised:
            self._alarm_us = _UNKNOWN

    def _judge(self, value):
        dip_level, swell_level, dip_cycles, swell_cycles, on_exit = self._levels
        if value < dip_level:
            self._below += 1
            self._lowest = min(self._lowest, value)
            if self._below >= dip_cycles:
                self.dip = self._lowest
                self._begin(DIP)
        else:
            self._below, self._lowest = 0, NO_DIP
            self._end(DIP, on_exit)
        if value > swell_level:
            self._above += 1
            self._highest = max(self._highest, value)
            if self._above >= swell_cycles:
                self.swell = self._highest
                self._begin(SWELL)
        else:
            self._above, self._highest = 0, 0
            self._end(SWELL, on_exit)

    def _begin(self, bit):
        if not self.bits & bit:
            self.bits |= bit
            self.raised = True

    def _end(self, bit, on_exit):
        if self.bits & bit:
            self.bits &= ~bit
            self.raised |= on_exit
