# SPDX-License-Identifier: MIT
"""ATM90E26, inside: the energy accumulators and the analogue transfer functions. No bus, no registers, no time of
its own.

Source: Atmel-46002B (M90E26 datasheet) 5.4 for the energy registers; the transfer functions follow from its section
5 formulas and from Atmel-46102B (application note) 3.2 and 4.1, whose constants and defaults they reproduce.
"""

import math
from functools import lru_cache

# One unit is 1 pJ as the chip counts it at 1000 pulses a kWh: 1 uW for 1 us. A pulse is 1 Wh.
UNITS_PER_WH = 3_600_000_000_000_000
UNITS_PER_COUNT = UNITS_PER_WH // 10  # the registers count tenths of a pulse
UNITS_PER_CENTI = UNITS_PER_WH // 100  # 5.4: energy moves to forward or reverse in hundredths of a pulse

RAW_POWER = 1e5 * 2**22 / 4.5e9  # raw power counts per mV(U) x mV(I): 93.2067556, Atmel-46102B 4.1
FULL_SCALE_MV = 600.0  # rms at the ADC, after gain (46002B 6.1)

FORWARD, REVERSE, ABSOLUTE = 0, 1, 2


class EnergyChannel:
    """Active or reactive energy: forward, reverse and absolute, each read in whole 0.1 pulses, and the pulse output.

    The signed residue stays within one hundredth of a pulse; what it carries goes to forward or reverse by its sign,
    and the absolute register never cancels. `add` is a closed form for any span of one sign, and additive under
    splitting.
    """

    def __init__(self):
        self.pulses = 0  # of CF, since the model was made
        self.edges: list[int] | None = None  # set to a list to record the time of each pulse, us
        self.wrapped = [0, 0]  # counts that silently went round, forward and reverse, not yet booked
        self.clear()

    def clear(self):
        """Reset: every accumulator to zero, the residue too."""
        self.carried = [0, 0]  # hundredths of a pulse, forward and reverse
        self.residue = 0  # units, signed, in (-UNITS_PER_CENTI, UNITS_PER_CENTI)
        self.absolute = 0  # units
        self.taken = [0, 0, 0]  # counts read or wrapped away, by register
        self.reversed = False  # direction of the last pulse

    def net(self):
        """Units since the reset, forward less reverse, exact."""
        return (self.carried[FORWARD] - self.carried[REVERSE]) * UNITS_PER_CENTI + self.residue

    def held(self, register):
        """Whole counts (0.1 pulse) that a read of the register would bring: 0..65535."""
        if register == ABSOLUTE:
            return self.absolute // UNITS_PER_COUNT - self.taken[ABSOLUTE]
        return self.carried[register] // 10 - self.taken[register]

    def held_units(self, direction):
        """Units in the chip that were not read: the count and what stays below it; the residue goes by its sign."""
        units = self.carried[direction] * UNITS_PER_CENTI - self.taken[direction] * UNITS_PER_COUNT
        if direction == FORWARD:
            return units + max(self.residue, 0)
        return units + max(-self.residue, 0)

    def take(self, register):
        """Read-to-clear: whole counts leave, the rest stays."""
        count = self.held(register)
        self.taken[register] += count
        return count

    def add(self, energy, start_us=0, rate=0, by_absolute=False):
        """Signed units that flowed from start_us on at `rate` units a us. Returns pulses made."""
        before = self.absolute
        self.absolute = absolute = before + abs(energy)
        if absolute // UNITS_PER_COUNT - self.taken[ABSOLUTE] > 0xFFFF:
            over = absolute // UNITS_PER_COUNT - self.taken[ABSOLUTE]
            self.taken[ABSOLUTE] += over & ~0xFFFF
        residue = self.residue + energy
        if -UNITS_PER_CENTI < residue < UNITS_PER_CENTI:
            self.residue = residue
            if not by_absolute:
                return 0
            return self._pulse(before // UNITS_PER_WH, absolute // UNITS_PER_WH, before, start_us, rate, False)
        direction = FORWARD if residue > 0 else REVERSE
        moved = abs(residue) // UNITS_PER_CENTI
        was = self.carried[direction]
        pending = -self.residue if direction else self.residue  # in the direction of travel
        self.residue = residue - moved * UNITS_PER_CENTI if direction == FORWARD else residue + moved * UNITS_PER_CENTI
        self.carried[direction] = was + moved
        over = self.held(direction)
        if over > 0xFFFF:
            over &= ~0xFFFF
            self.taken[direction] += over
            self.wrapped[direction] += over
        if by_absolute:
            return self._pulse(before // UNITS_PER_WH, absolute // UNITS_PER_WH, before, start_us, rate, False)
        begin = was * UNITS_PER_CENTI + pending
        return self._pulse(was // 100, (was + moved) // 100, begin, start_us, rate, direction == REVERSE)

    def _pulse(self, done, now, begin, start_us, rate, reverse):  # noqa: PLR0917
        """CF fires for each whole pulse from `done` to `now`; `begin`: the units the accumulator stood at at
        start_us.
        """
        made = now - done
        if not made:
            return 0
        self.pulses += made
        self.reversed = reverse
        if self.edges is not None and rate:
            speed = abs(rate)
            for n in range(done + 1, now + 1):
                self.edges.append(start_us - (begin - n * UNITS_PER_WH) // speed)  # rounded up to the us
        return made


class Line:
    """One current input and its sensor: millivolts at the pins per ampere, and the hidden errors."""

    def __init__(self, mv_per_a, divider, errors, current_x1000=1000):
        self.mv_per_a = mv_per_a
        self.divider = divider
        self.errors = errors
        self.current_x1000 = current_x1000  # of the current in the live conductor; another path makes them differ

    def quantities(self, point, gain):
        """(mV at U, mV at I after gain, p, q, f) with p and q in raw power counts, before any register."""
        e = self.errors
        share = self.current_x1000 / 1000
        true_mv = point.voltage_mv / self.divider * e.voltage_gain
        u_mv = min(true_mv, FULL_SCALE_MV)
        true_i = point.current_ua * 1e-6 * share * self.mv_per_a * e.current_gain * gain
        i_mv = min(true_i, FULL_SCALE_MV)
        scale = RAW_POWER * gain * self.mv_per_a / self.divider  # raw counts a mW
        factor = scale * e.voltage_gain * e.current_gain * share
        if true_mv > FULL_SCALE_MV:  # clipped: the power falls with the rms
            factor *= u_mv / true_mv
        if true_i > FULL_SCALE_MV:
            factor *= i_mv / true_i
        p, q = rotate(point.active_mw * factor, point.reactive_mvar * factor, e.phase_deg)
        if point.voltage_mv:
            p += e.active_offset_mw * scale
            q += e.reactive_offset_mvar * scale
        return u_mv, i_mv, p, q, scale


def rotate(p, q, degrees):
    """The current lags by so much more: active and reactive power of the same phasors."""
    if not degrees:
        return p, q
    c, s = _cos_sin(degrees)
    return p * c - q * s, q * c + p * s


@lru_cache(maxsize=64)  # a chip and its calibration have one angle each
def _cos_sin(degrees):
    a = math.radians(degrees)
    return math.cos(a), math.sin(a)


def phase_degrees(word, frequency_mhz):
    """Lphi/Nphi: bit 15 sign, bits 9:0 magnitude of a 2.048 MHz delay (sign-magnitude form unverified)."""
    angle = (word & 0x3FF) * 360 * (frequency_mhz / 1000) / 2.048e6
    return -angle if word & 0x8000 else angle


def twos(word):
    return word - 0x10000 if word & 0x8000 else word


def sign_magnitude(value):
    return (0x8000 | -value) if value < 0 else value


def extended(value, low, high):
    """A reading and its extension: (register word, LSB register word), 8 bits below the word, saturated."""
    fine = round(value * 256)
    fine = max(low * 256, min(fine, high * 256 + 255))
    return (fine >> 8) & 0xFFFF, (fine & 0xFF) << 8
