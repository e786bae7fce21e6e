# SPDX-License-Identifier: MIT
"""The measuring half of the ADE9153A model: sensors, ADC codes, no-load gate, energy accumulators and CF converters.

Time is the chip's own sample count (4 kSPS of its crystal, which is off by `clock_ppm`). Between two events (a new
operating point, a noise block, a settling block, a no-load decision, a configuration write) every code is constant, so
each accumulator is a straight line and is evaluated exactly, in integers, for any instant: nothing loops over samples
or windows, and cutting an interval in pieces changes nothing. Not modelled: a wrap of the 42-bit internal accumulator,
which takes 53 s of full scale in one zero-crossing window.
Source: ADE9153A data sheet Rev. 0, pp. 22-27, 40-47; ADE9078 data sheet Rev. 0, p. 31 (phase), pp. 36-38 (settling).
"""

import math
from fractions import Fraction

from host_tools.bench.chips.ade9153a_map import ADDRESS, RESET
from host_tools.bench.chips.energy import KINDS, EnergyChip
from host_tools.bench.noise import normal_pair

SAMPLE_RATE = 4000
FS_I, FS_V = 52_725_703, 26_362_852  # rms codes at full scale, p. 26
# 100 A profile: 300 uOhm, PGA x16 (1/16 V peak), divider 990k/1k, 0.5 V peak. A and V per code.
AICC = 1 / (16 * math.sqrt(2)) / 300e-6 / FS_I
AVCC = 0.5 / math.sqrt(2) * 991 / FS_V
WCC = AICC * AVCC * (1 << 27)  # W per AWATT code

ACTIVE, REACTIVE, APPARENT = range(3)
_BLOCK = 60 * SAMPLE_RATE  # noise block
_SETTLE_BLOCK = SAMPLE_RATE // 20
_SETTLE_BLOCKS = 60
_TAU_S = 0.2  # 99 % after 0.9 s (ADE9078 data sheet, pp. 36-38)
_PGA = {2: 16.0, 3: 24.0, 4: 32.0, 5: 38.4}
_SETTLE_MS = (64, 128, 256, 0)
_US_PER_SAMPLE_SCALE = 1_000_000_000
_FOREVER = 1 << 62
_NL_LEVEL = (ADDRESS["ACT_NL_LVL"], ADDRESS["REACT_NL_LVL"], ADDRESS["APP_NL_LVL"])
_EP_CFG, _CONFIG0, _ACCMODE, _CFMODE = (ADDRESS[n] for n in ("EP_CFG", "CONFIG0", "ACCMODE", "CFMODE"))
_VNOM = ADDRESS["VNOM"]
_THRESHOLD = tuple(ADDRESS[n] for n in ("WTHR", "VARTHR", "VATHR"))
_CF_KIND = {0: ACTIVE, 2: APPARENT, 4: REACTIVE}


def signed(value, bits=32):
    """Two's complement of an unsigned register value."""
    return value - (1 << bits) if value >> (bits - 1) else value


def gain(value):
    """Factor of an s5.27 gain register: 1 + value / 2**27 (p. 22)."""
    return 1 + signed(value) / (1 << 27)


def phase_correction(value, frequency_hz):
    """Radians by which xPHASECAL advances the current at `frequency_hz` (inverse of the formula on p. 23)."""
    a = signed(value) / (1 << 27)
    w = 2 * math.pi * frequency_hz / SAMPLE_RATE
    s, c = math.sin(w), math.cos(w)
    return w - math.atan(s / (a + c)) + math.atan(a * s / (1 + a * c))


class EnergyPath(EnergyChip):
    """Back-end of the model; the register side is ADE9153AModel. units: 2**-13 of one xHR_HI count."""

    units_per_wh = 352_704 * 8192

    def __init__(self, clock, errors, rng, cf_double=False):
        super().__init__(clock, errors, rng)
        self.reg = dict(RESET)
        self.cf_shift = (
            18 if cf_double else 19
        )  # units a pulse = CFxDEN << 19 (Fig. 50); the text on p. 26 would make it 18
        self.noise_seed = rng.getrandbits(48)
        self.frozen = False
        self.running = False  # RUN = 1 and out of reset
        self.cf_edges = ([], [])  # us of each falling edge of CF1, CF2, kept while record_edges
        self.record_edges = False
        self._rate_full = 4 * (1_000_000 + round(errors.clock_ppm))  # samples a 10**9 us
        self._rate = 0
        self._t0 = clock.now_us
        self._s0 = 0
        self._ref = 0  # sample of the last rebase
        self._next_event = _FOREVER
        self._run_at = 0
        self._start = _FOREVER  # sample at which accumulation (re)starts after PWR_SETTLE
        self._origin = 0
        self._window = 0  # samples an EGY_TIME window; 0: not accumulating
        self._raw = [0, 0, 0]  # codes before the gate
        self._code = [0, 0, 0]  # codes that go into the accumulators
        self._acc = [0, 0, 0]  # ever accumulated, at _ref
        self._latch = [0, 0, 0]  # ever accumulated, at the last window end before _ref
        self._latch_before = [0, 0, 0]  # and at the one before that
        self._base = [0, 0, 0]  # what a cleared register is counted from
        self._ack = [0, 0, 0]
        self._ack_base = [0, 0, 0]
        self._lost = [0, 0, 0]
        self._gate = [False, False, False]
        self._nl_past = []  # (codes, samples) of the window in progress
        self._nl_from = 0
        self._nl_pending = 0
        self._nl_samples = 0  # window of the no-load timer; 0: off
        self._cf_rest = [0, 0]
        self._cf_count = [0, 0]
        self._cf_codes = [0, 0]  # codes that go into the converters
        self._idle = 1000  # of 1000: how much of what flows is not counted
        self._idle_at = clock.now_us
        self._noise_block = -1
        self._noise_mw = (0.0, 0.0)
        self._nl_levels = [0, 0, 0]  # of the configuration, as _scales() has found it
        self._cf_unit = [1, 1]
        self._cf_from = [None, None]
        self._rules = 0  # ACCMODE: how signs are treated
        self._sensed = (0.0, 0.0)  # mW, mvar as the sensors hand them on, noise apart
        self._only_noise = False  # the next event is the end of a noise block and nothing else
        self._trig = None
        self._dsp = {}  # answers that hold until the next event

    # -- time ----------------------------------------------------------------------------------------------------------
    def _sample(self):
        """Sample count now (int)."""
        return self._s0 + (self.clock.now_us - self._t0) * self._rate // _US_PER_SAMPLE_SCALE

    def _us_of(self, sample):
        if not self._rate:
            return self.clock.now_us
        return self._t0 - ((self._s0 - sample) * _US_PER_SAMPLE_SCALE) // self._rate

    def _clock_on(self, on):
        """Start or stop the sample clock at now."""
        self._s0 = self._sample()
        self._t0 = self.clock.now_us
        self._rate = self._rate_full if on else 0

    def advance(self):
        """See EnergyChip."""
        if self.clock.now_us >= self.until_us:
            self.settle()
        s = self._s0 + (self.clock.now_us - self._t0) * self._rate // _US_PER_SAMPLE_SCALE
        if s >= self._next_event:
            self._run_to(s)
        if self._idle:
            self._account_idle(self.clock.now_us)

    def _run_to(self, s):
        while s >= self._next_event:
            event = self._next_event
            self._rebase(event)
            if self._idle:
                self._account_idle(self._us_of(event))
            if event >= self._start:
                self._begin_windows(event)
            if self._only_noise:
                self._renoise(event)
            else:
                self._recode(event)

    def _account_idle(self, us):
        if us > self._idle_at:
            self.not_counting(us - self._idle_at, self._idle)
            self._idle_at = us
            self.settled_us = max(self.settled_us, us)

    def _set_idle(self, fraction_x1000, s):
        if not self._idle:
            self._idle_at = self._us_of(s)
        self._idle = fraction_x1000

    def point_changed(self):
        s = self._sample()
        self._before_point(s)
        self._rebase(s)
        self._recode(s)

    def _before_point(self, s):
        """Hook of the register side (dip, swell, peak)."""

    def _voltage_changed(self):
        """Hook of the register side: `rms_v` is that of now."""

    def _change(self, apply):
        """Bring everything to now, let `apply(s)` change state, recompute."""
        self.advance()
        s = self._sample()
        self._rebase(s)
        apply(s)
        self._recode(s)

    # -- accumulators --------------------------------------------------------------------------------------------------
    def _latched(self, kind, s):
        """Ever accumulated by the last window end at or before sample `s` (>= _ref)."""
        window = self._window
        if window:
            n = s - (s - self._origin) % window - self._ref
            if n >= 0:
                return self._acc[kind] + self._code[kind] * n
        return self._latch[kind]

    def _latched_before(self, kind, s):
        """The same one window earlier (for EGY_LD_ACCUM)."""
        window = self._window
        if not window:
            return self._latch_before[kind]
        n = s - (s - self._origin) % window - self._ref
        if n >= window:
            return self._acc[kind] + self._code[kind] * (n - window)
        return self._latch[kind] if n >= 0 else self._latch_before[kind]

    def _rebase(self, s):
        n = s - self._ref
        if not n:
            return
        a0, a1, a2 = self._acc
        c0, c1, c2 = self._code
        window = self._window
        if window:
            if self.reg[_EP_CFG] & 4:
                self._latch_before = [self._latched_before(k, s) for k in range(3)]
            m = s - (s - self._origin) % window - self._ref
            if m >= 0:
                self._latch = [a0 + c0 * m, a1 + c1 * m, a2 + c2 * m]
        self._acc = [a0 + c0 * n, a1 + c1 * n, a2 + c2 * n]
        first, second = self._cf_codes
        if first:
            self._cf_run(0, first, n)
        if second:
            self._cf_run(1, second, n)
        if self._nl_samples:
            self._nl_run(s, self._nl_samples)
        self._ref = s
        us = self._t0 - (self._s0 - s) * _US_PER_SAMPLE_SCALE // self._rate if self._rate else self.clock.now_us
        self.settled_us = max(self.settled_us, us)

    def _begin_windows(self, s):
        """PWR_SETTLE is over: accumulate from here."""
        self._start = _FOREVER
        self._origin = s
        self._window = self._window_samples()

    def _window_samples(self):
        reg = self.reg
        count = reg[ADDRESS["EGY_TIME"]] + 1
        if reg[_EP_CFG] & 2:  # half cycles; without crossings no window ever ends (ADE9078 data sheet, p. 50)
            mhz = self.point.frequency_mhz
            return max(1, round(count * SAMPLE_RATE * 500 / mhz)) if self.point.live and mhz else _FOREVER
        return count

    def _energy_config(self, s):
        """EP_CFG, EGY_TIME or CONFIG1 was written."""
        if self.running and self.reg[_EP_CFG] & 1 and not self.reg[ADDRESS["MS_ACAL_CFG"]] & 1:
            if self._window:
                window = self._window_samples()
                if window != self._window:
                    self._origin = s
                    self._window = window
            elif self._start == _FOREVER:
                settle = _SETTLE_MS[self.reg[ADDRESS["CONFIG1"]] >> 8 & 3]
                self._start = s + settle * SAMPLE_RATE // 1000
                if not settle:
                    self._begin_windows(s)
        else:
            self._window = 0
            self._start = _FOREVER

    def _drop_energy(self, s):
        """A reset or RUN 0->1 clears the energy registers at sample `s`: what was not read is lost."""
        held = [self._acc[k] - self._base[k] - (self._ack[k] - self._ack_base[k]) for k in range(3)]
        for k in range(3):
            self._lost[k] += held[k]
            self._base[k] = self._latch[k] = self._latch_before[k] = self._acc[k]
            self._ack_base[k] = self._ack[k]
        self.lost_at_reset(*held)

    def preset_energy(self, active, reactive, apparent):
        """For tests: what the three xHR_HI registers read now (signed or modulo 2**32), as after years of counting. What was
        accumulated, handed over and lost stays as it is."""
        self.advance()
        for k, count in enumerate((active, reactive, apparent)):
            held = self._latched(k, self._sample()) - self._base[k]
            change = (count << 13) - (held >> 13 << 13)
            self._base[k] -= change
            self._ack_base[k] -= change

    def unwrapped(self, kind):
        """Units ever accumulated; `kind` of KINDS."""
        self.advance()
        k = KINDS.index(kind)
        return self._acc[k] + self._code[k] * (self._sample() - self._ref)

    def acknowledged(self, kind):
        """Units handed to the master by its last completed read."""
        return self._ack[KINDS.index(kind)]

    def lost(self, kind):
        """Units that went down with resets, or were overwritten unread."""
        return self._lost[KINDS.index(kind)]

    # -- no-load (p. 28) -----------------------------------------------------------------------------------------------
    def _nl_window(self):
        timer = self.reg[_EP_CFG] >> 5
        return 0 if timer == 7 else 64 << timer

    def _nl_run(self, s, window):
        """Keep what flowed in the window in progress; decide when `s` ends one."""
        begin = s - (s - self._run_at) % window
        ends = begin == s
        if ends:
            begin -= window
        if self._nl_from < begin:
            self._nl_past = [(self._raw, s - begin)]
        else:
            self._nl_past.append((self._raw, s - self._nl_from))
        self._nl_from = s
        if ends:
            if self._nl_pending > 0:  # else it decides as the one before did, see _gates_stand()
                self._gate = [
                    sum([abs(raw[kind]) * span for raw, span in self._nl_past]) * 64 < level * window
                    for kind, level in enumerate(self._nl_levels)
                ]
            self._nl_past = []
            self._nl_pending -= 1

    def _gates_stand(self, raw):
        """True when no window that holds the present codes and these can decide otherwise than the last one did."""
        was = self._raw
        gate = self._gate
        kind = 0
        for level in self._nl_levels:
            before, after = was[kind] * 64, raw[kind] * 64
            if gate[kind]:
                if not (-level < before < level and -level < after < level):
                    return False
            elif -level < before < level or -level < after < level:
                return False
            kind += 1
        return True

    # -- codes ---------------------------------------------------------------------------------------------------------
    def _scales(self):
        """What depends on the configuration only; again when `_trig` is None."""
        reg = self.reg
        e = self.errors
        pga = reg[ADDRESS["AI_PGAGAIN"]]
        gi = gain(reg[ADDRESS["AIGAIN"]])
        self._v_scale = abs(gain(reg[ADDRESS["AVGAIN"]])) * e.voltage_gain / AVCC / 1e3  # code per mV
        self._i_scale = abs(gi) * e.current_gain * _PGA.get(pga & 7, 1.0) / 16 / AICC / 1e6  # code per uA
        self._p_gain = gain(reg[ADDRESS["APGAIN"]])
        sign = (1 if gi >= 0 else -1) * (1 if pga & 0x10 else -1) * (1 if gain(reg[ADDRESS["AVGAIN"]]) >= 0 else -1)
        self._p_gain_size = abs(self._p_gain)
        self._p_scale = sign * self._v_scale * self._i_scale * 1e6 / (1 << 27) * self._p_gain  # code per mW
        self._os = [signed(reg[ADDRESS[n]]) for n in ("AWATT_OS", "AFVAR_OS", "AIRMS_OS", "AVRMS_OS")]
        self._nl_levels = [reg[address] for address in _NL_LEVEL]
        self._cf_unit = [self._cf_units(0), self._cf_units(1)]
        self._cf_from = [self._cf_source(0), self._cf_source(1)]
        self._rules = reg[_ACCMODE] & 0xF
        self._trig = None

    def _angle(self, mhz):
        """(cos, sin) of what is left of the phase error, cached by frequency."""
        if self._trig is None or self._trig[0] != mhz:
            hz = mhz / 1000 or 50.0
            b = math.radians(self.errors.phase_deg) - phase_correction(self.reg[ADDRESS["APHASECAL"]], hz)
            self._trig = (mhz, math.cos(b), math.sin(b))
        return self._trig

    def _noise(self, s):
        block = s // _BLOCK
        if block != self._noise_block:
            self._noise_block = block
            sigma = self.errors.noise_mw
            watt, var = normal_pair(self.noise_seed, block)
            self._noise_mw = (watt * sigma, var * sigma)
        return self._noise_mw

    def _renoise(self, s):
        """`_recode` where a noise block ends and nothing else happens."""
        noise = self._noise(s)
        scale = self._p_scale
        raw = [
            round((self._sensed[0] + noise[0]) * scale) + self._os[0],
            round((self._sensed[1] + noise[1]) * scale) + self._os[1],
            self._raw[2],
        ]
        if self._nl_samples and not self._gates_stand(raw):
            self._recode(s)
            return
        self._raw = raw
        self._dsp.clear()
        self._next_event = s + _BLOCK
        self._apply_rules(raw)

    def _recode(self, s):
        """Codes from sample `s` on, and when they change next."""
        if not self.running:
            self._dsp.clear()
            self._raw = [0, 0, 0]
            self._code = [0, 0, 0]
            self._cf_codes = [0, 0]
            self._set_idle(1000, s)
            self._next_event = _FOREVER
            return
        if self.frozen:  # the clock stands: no event will come, every result register holds what it held
            self._set_idle(1000, s)
            self._next_event = _FOREVER
            return
        self._dsp.clear()
        if self._trig is None:
            self._scales()
        p = self.point
        e = self.errors
        _, cos_b, sin_b = self._angle(p.frequency_mhz)
        watt = p.active_mw * cos_b - p.reactive_mvar * sin_b + e.active_offset_mw
        var = p.reactive_mvar * cos_b + p.active_mw * sin_b + e.reactive_offset_mvar
        self._sensed = (watt, var)
        next_event = _FOREVER
        if e.noise_mw:
            noise = self._noise(s)
            watt += noise[0]
            var += noise[1]
            next_event = s - s % _BLOCK + _BLOCK
        settle = 1.0
        block = (s - self._run_at) // _SETTLE_BLOCK
        if block < _SETTLE_BLOCKS:
            settle = 1 - math.exp(-(block + 0.5) * _SETTLE_BLOCK / SAMPLE_RATE / _TAU_S)
            next_event = min(next_event, self._run_at + (block + 1) * _SETTLE_BLOCK)
        self._settle = settle
        os = self._os
        rms_i = p.current_ua * self._i_scale * settle
        rms_v = p.voltage_mv * self._v_scale * settle
        self.rms_i = self._rms(rms_i, os[2]) if os[2] else round(rms_i)
        self.rms_v = self._rms(rms_v, os[3]) if os[3] else round(rms_v)
        self._voltage_changed()
        scale = self._p_scale * settle
        volts = self.reg[_VNOM] if self.reg[_CONFIG0] & 0x20 else self.rms_v
        raw = [
            round(watt * scale) + os[0],
            round(var * scale) + os[1],
            round(self.rms_i * volts / (1 << 27) * self._p_gain_size),
        ]
        window = self._nl_samples = self._nl_window()
        if raw != self._raw:
            if not window:
                self._nl_pending = 0
            elif self._nl_pending > 0 or not self._gates_stand(raw):
                self._nl_pending = 2
            self._raw = raw
        if not window:
            self._gate = [False, False, False]
        elif self._nl_pending > 0:
            next_event = min(next_event, s - (s - self._run_at) % window + window)
        if self._start != _FOREVER:
            next_event = min(next_event, self._start)
        self._next_event = next_event
        self._only_noise = (
            settle == 1.0 and next_event % _BLOCK == 0 and self._nl_pending <= 0 and next_event < self._start
        )
        self._apply_rules(raw)
        self._set_idle(round(1000 * (1 - settle)) if self._window else 1000, s)

    def _apply_rules(self, raw):
        """No-load gate and ACCMODE (p. 45): the codes that are accumulated."""
        code = raw if self._window else [0, 0, 0]
        if True in self._gate:
            code = [0 if closed else c for c, closed in zip(code, self._gate, strict=True)]
        rules = self._rules
        if rules:
            code = code.copy()
            for kind, rule in ((ACTIVE, rules & 3), (REACTIVE, rules >> 2)):
                c = code[kind]
                code[kind] = (c, abs(c), max(c, 0), min(c, 0))[rule]
        self._code = code
        first, second = self._cf_from
        self._cf_codes = [
            0 if first is None else code[first[0]] * 0x100000 // first[1],
            0 if second is None else code[second[0]] * 0x100000 // second[1],
        ]

    @staticmethod
    def _rms(code, offset):
        """xRMS = sqrt(xRMS0**2 + 2**15 * xRMS_OS), p. 22; rounded code."""
        return round(math.sqrt(max(0.0, code * code + offset * 32768.0)))

    # -- CF pulse outputs (p. 26) --------------------------------------------------------------------------------------
    def _cf_units(self, i):
        return self.reg[ADDRESS["CF1DEN"] + i] << self.cf_shift

    def _cf_source(self, i):
        """(kind of energy, threshold) that output `i` follows; None: it is off."""
        mode = self.reg[_CFMODE]
        kind = None if mode >> (6 + i) & 1 else _CF_KIND.get(mode >> (3 * i) & 7)
        return None if kind is None else (kind, max(self.reg[_THRESHOLD[kind]], 1))

    def _cf_run(self, i, code, n):
        total = self._cf_rest[i] + code * n
        units = self._cf_unit[i]
        pulses = abs(total) // units
        if pulses:
            if self.record_edges:
                self._cf_record(i, code, units, pulses)
            self._cf_count[i] += pulses
            total -= pulses * units if total > 0 else -pulses * units
        self._cf_rest[i] = total

    def _cf_record(self, i, code, units, pulses):
        """Falling edges since _ref, to the microsecond: the instant at which the sum passes each whole pulse."""
        step = units if code > 0 else -units
        for k in range(1, pulses + 1):
            at = Fraction(step * k - self._cf_rest[i], code) + self._ref - self._s0
            self.cf_edges[i].append(self._t0 + int(at * _US_PER_SAMPLE_SCALE / self._rate))

    def cf_count(self, i):
        """Pulses ever issued by output `i` (0 = CF1, 1 = CF2); the energy of each is CFxDEN << 19 units."""
        self.advance()
        total = self._cf_rest[i] + self._cf_codes[i] * (self._sample() - self._ref)
        return self._cf_count[i] + abs(total) // max(self._cf_units(i), 1)

    def take_cf_edges(self, i):
        """Recorded edges (us, sorted) up to now, handed over once."""
        self._change(lambda s: None)
        edges = self.cf_edges[i][:]
        self.cf_edges[i].clear()
        return edges
