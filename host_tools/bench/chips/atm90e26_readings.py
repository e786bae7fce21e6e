# SPDX-License-Identifier: MIT
"""ATM90E26: from the operating point to raw powers, rates, thresholds, line choice, sag and the measurement registers.

Source: Atmel-46002B (M90E26 datasheet) 3.2, 3.4, 5, 6.5; Atmel-46102B (application note) 4.2, 4.4.
"""

from host_tools.bench.chips import atm90e26_energy as e
from host_tools.bench.chips.energy import EnergyChip
from host_tools.bench.noise import normal_pair

MEASURED = (0x48, 0x49, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F, 0x68, 0x6A, 0x6B, 0x6D, 0x6E, 0x6F)
EXTENDED = frozenset((0x48, 0x49, 0x4A, 0x4B, 0x4F, 0x68, 0x6A, 0x6B, 0x6F))  # readings that load the LSB register
PTHRESH_PERCENT = (12.5, 6.25, 3.125, 1.5625, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
L_GAIN = (4, 8, 16, 24, 1, 1, 1, 1)
N_GAIN = (2, 4, 1, 1)
SYS_LN = 0x80
STARTED, CALIBRATING = 0x8765, 0x5678
NEVER = 1 << 80


class Readings(EnergyChip):
    """What the chip makes of its inputs; a part of ATM90E26Model, which has the registers and the time."""

    # Kept by ATM90E26Model:
    regs: list[int]
    line: e.Line
    neutral: e.Line
    pins: int
    powered: bool
    adj_error: bool
    seed: int
    reading_us: int
    _t: int
    _ready_us: int
    _block: int
    _pl: int
    _running: list[bool]
    _fresh: dict[bool, dict[int, tuple[int, int]]]
    _fresh_slot: int
    _drawn: tuple[int, float, float]

    def _watch_sag(self):
        """46002B 6.5: a full cycle, begun at a zero crossing, with under three samples above the threshold."""
        peak = self.point.voltage_mv / self.line.divider * self.errors.voltage_gain * 2**0.5 * 8192 / 300
        if not self.powered or self._ready_us != -1 or peak >= self.regs[0x03]:
            self._sag_at, self._sagging = NEVER, False
        elif self._sag_at == NEVER and not self._sagging:
            half = 500_000_000 // (self.point.frequency_mhz or 50_000)
            crossing = -(-self._t // half) * half
            self._sag_at = crossing + 2 * half

    def _noise(self, index, scale):
        noise = self.errors.noise_mw
        if not noise or not self.point.voltage_mv:
            return 0.0
        if self._drawn[0] != self._block:
            self._drawn = (self._block, *normal_pair(self.seed, self._block))
        return self._drawn[1 + index] * noise * scale

    def _powers(self, neutral):
        """Raw counts at one input: (mV U, mV I, p, q), noise and offset registers in."""
        regs = self.regs
        mode = regs[0x2B]
        line = self.neutral if neutral else self.line
        gain = N_GAIN[(mode >> 11) & 3] if neutral else L_GAIN[mode >> 13]
        u, i, p, q, scale = line.quantities(self.point, gain)
        offset = 0x39 if neutral else 0x37
        p += self._noise(0, scale) + e.twos(regs[offset])
        q += self._noise(1, scale) + e.twos(regs[offset + 1])
        return u, i, p, q

    def _metered(self, neutral):
        """Raw power of one line as the energy path sees it: its gain and phase registers applied (energy only:
        unverified).
        """
        _, _, p, q = self._powers(neutral)
        at = 0x25 if neutral else 0x23
        p, q = e.rotate(p, q, e.phase_degrees(self.regs[at + 1], self.point.frequency_mhz))
        gain = 1 + e.twos(self.regs[at]) / 32768
        return p * gain, q * gain

    def _rate_pair(self):
        """Signed (active, reactive) rates in units a us, 0 below the thresholds."""
        if not self._pl:
            return 0, 0
        mode = self.pins if self.pins != 3 else (1 if self.regs[0x2B] & 0x400 else 4)
        if mode == 2:
            live, neutral = self._metered(False), self._metered(True)
            p, q = live[0] + neutral[0], live[1] + neutral[1]
        elif mode == 0:
            p, q = self._larger_line()
        else:
            self.on_neutral = mode == 4
            p, q = self._metered(self.on_neutral)
        # One pulse (1 Wh at 1000 a kWh) each time 2.5 p a second adds up to PL_constant; the crystal sets the second.
        scale = 2.5 * 3600e6 * (1 + self.errors.clock_ppm * 1e-6) / self._pl
        rates = [0, 0]
        for n, value, at in ((0, p, 0x27), (1, q, 0x29)):
            # Stops below the no-load threshold, starts at the start threshold (hysteresis unverified).
            limit = min(self.regs[at + 1], self.regs[at]) if self._running[n] else self.regs[at]
            self._running[n] = abs(value) >= limit
            if self._running[n]:
                rates[n] = round(value * scale)
        return tuple(rates)

    def _larger_line(self):
        """46002B 3.4.2: the larger of the two, with a threshold against hunting."""
        powers = (self._metered(False), self._metered(True))
        sizes = [abs(p[0]) for p in powers]
        now = int(self.on_neutral)
        other = 1 - now
        low = self.regs[0x27]
        if low <= sizes[0] <= 8 * low and low <= sizes[1] <= 8 * low:
            change = sizes[other] > sizes[now]
        else:
            change = sizes[other] - sizes[now] > sizes[now] * PTHRESH_PERCENT[self.regs[0x2B] & 15] / 100
        if change:
            self.on_neutral = bool(other)
            self.status |= SYS_LN
        return powers[int(self.on_neutral)]

    # Readings

    def _freeze(self):
        """The measurement block stops: its registers keep what they showed last."""
        if self._measuring():
            self._readings = {**self._measure(False), **self._measure(True)}

    def _measuring(self):
        return self._ready_us == -1 and self.regs[0x30] in (STARTED, CALIBRATING) and not self.adj_error

    def _measure(self, neutral):
        """Every reading of a line and its extension, by address; kept until something changes."""
        slot = self.clock.now_us // self.reading_us if self.errors.rms_noise else 0
        if self._fresh_slot != slot:
            self._fresh_slot = slot
            self._fresh.clear()
        out = self._fresh.get(neutral)
        if out is None:
            out = self._fresh[neutral] = self._line_readings(neutral, slot)
        return out

    def _line_readings(self, neutral, slot):
        base = 0x68 if neutral else 0x48
        u, i, p, q = self._powers(neutral)
        noise = self.errors.rms_noise
        nu, ni = (1 + noise * x for x in normal_pair(~self.seed, 2 * slot + neutral)) if noise else (1.0, 1.0)
        u_gain, i_gain = self.regs[0x31], self.regs[0x33 if neutral else 0x32]
        volts = u * u_gain / 300 * nu  # 0.01 V
        milliamps = i * i_gain / 150 * ni
        scale = u_gain * i_gain / (1e5 * 2**22) * nu * ni
        watts, vars_, va = p * scale, q * scale, volts * milliamps / 1e5
        if self.regs[0x04] == 0xA987:  # small power
            p_words = (max(-32768, min(32767, round(p))) & 0xFFFF, 0)
            q_words = (max(-32768, min(32767, round(q))) & 0xFFFF, 0)
        else:
            p_words, q_words = e.extended(watts, -32768, 32767), e.extended(vars_, -32768, 32767)
        factor = round(max(-1.0, min(1.0, watts / va)) * 1000) if va >= 0.5 else 0  # at no load: unverified
        angle = self._angle(watts, vars_) if va >= 0.5 else 0
        out = {
            base: e.extended(milliamps, 0, 65535),
            base + 2: p_words,
            base + 3: q_words,
            base + 5: (e.sign_magnitude(factor), 0),
            base + 6: (e.sign_magnitude(angle), 0),
            base + 7: e.extended(va, 0, 32767),
        }
        if not neutral:
            ppm = 1 + self.errors.clock_ppm * 1e-6
            out[0x49] = e.extended(volts, 0, 65535)
            out[0x4C] = (round(self.point.frequency_mhz / 10 / ppm) if self.point.live else 0, 0)
        return out

    @staticmethod
    def _angle(watts, vars_):
        """Tenths of a degree, lagging > 0 (sign convention unverified)."""
        return round(e.math.degrees(e.math.atan2(vars_, watts)) * 10)
