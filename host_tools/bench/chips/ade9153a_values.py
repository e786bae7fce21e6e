# SPDX-License-Identifier: MIT
"""What the readable registers of the ADE9153A model show: status bits, events, peaks, wave samples, line quantities.

Everything here is evaluated when it is asked for. Source: ADE9153A data sheet Rev. 0, pp. 26-29 and Table 9.
"""

import math
from binascii import crc_hqx

from host_tools.bench.chips.ade9153a_dsp import SAMPLE_RATE, EnergyPath
from host_tools.bench.chips.ade9153a_half import HalfCycles
from host_tools.bench.chips.ade9153a_map import ADDRESS, CONFIG_CRC_LIST, width

EGYRDY, PWRRDY, DREADY, RMS_OC_RDY, TEMP_RDY, PF_RDY = 1 << 8, 1 << 10, 1 << 9, 1 << 11, 1 << 12, 1 << 25
RSTDONE, ZXAV, ZXAI, ZXTOAV, CRC_DONE, CRC_CHG = 1 << 16, 1 << 17, 1 << 19, 1 << 21, 1 << 23, 1 << 24
MS_STAT, EVENT_STAT, CHIP_STAT = 1 << 29, 1 << 30, 1 << 31
_GRID_BITS = EGYRDY | PWRRDY | DREADY | RMS_OC_RDY | PF_RDY | ZXAV | ZXAI | ZXTOAV
_LOADED_BITS = _GRID_BITS & ~ZXTOAV  # what can come while current flows
_STEADY_BITS = PWRRDY | DREADY | RMS_OC_RDY | PF_RDY | EGYRDY
_CONFIG3 = ADDRESS["CONFIG3"]
_MASK = ADDRESS["MASK"]
_POWER_ACC = {"AWATT_ACC": (0, 0), "AFVAR_ACC": (1, 0), "AVA_ACC": (2, 0)}
_POWER_ACC |= {"PWATT_ACC": (0, 1), "NWATT_ACC": (0, -1), "PFVAR_ACC": (1, 1), "NFVAR_ACC": (1, -1)}


class RegisterValues(EnergyPath):
    """The reading side of the register file; the state behind it is set up by ADE9153AModel."""

    angle_lsb: float
    temperature_c: float
    private_crc: int
    _chip_status: int
    _marks: dict[int, int]
    _cf_marks: list[int]
    _peak: list[int]
    _half: HalfCycles
    _oi_since: int | None
    _oi_highest: int

    # -- status (p. 40) -------------------------------------------------------------------------------------
    def _status(self):
        now = self.clock.now_us
        if now >= self.until_us:
            self.settle()
        s = self._s0 + (now - self._t0) * self._rate // 1_000_000_000
        if s >= self._next_event or self._idle:
            self.advance()
        if self._due:
            self._settle_due(now)
        bits = self._bits
        if self.running:
            if not self._half.still:
                self._half_cycles()
            if self._oi_since is not None or self.reg[_CONFIG3] & 1:
                self._overcurrent(s)
            bits = self._bits
            # A recurring bit stays once it has come, so most reads find them all there.
            wanted = _LOADED_BITS if self.point.live and self.point.current_ua else _GRID_BITS
            if bits & wanted != wanted:
                bits |= self._periodic(s)
            if bits & 0xC0 != 0xC0:
                bits |= self._pulsed(s)
            self._bits = bits
        if self._chip_status:
            bits |= CHIP_STAT
        if self._ms_bits:
            bits |= MS_STAT
        return bits

    def _settle_due(self, now):
        for us, bit in self._due:
            if us <= now:
                self._bits |= bit
                if bit in (CRC_DONE, CRC_CHG):
                    self._crc_result = self._config_crc()
        self._due = [d for d in self._due if d[0] > now]

    def _config_crc(self):
        crc = self.private_crc
        for address in CONFIG_CRC_LIST:
            crc = crc_hqx(self.reg[address].to_bytes(width(address) >> 3, "big"), crc)
        return crc

    def _grids(self):
        """(bit, origin, period) in samples of what recurs while the DSP runs."""
        yield DREADY, 0, 1
        yield PWRRDY, self._run_at, self.reg[ADDRESS["PWR_TIME"]] + 1
        yield PF_RDY, self._run_at, 4096
        half = self._half_cycle()
        yield RMS_OC_RDY, self._run_at, half
        if self._window:
            yield EGYRDY, self._origin, self._window
        if self.point.live:
            yield ZXAV, self._run_at, half
            if self.point.current_ua:
                yield ZXAI, self._run_at, half
        else:
            yield (
                ZXTOAV,
                self._run_at if self._dead_since is None else self._dead_since,
                self.reg[ADDRESS["ZXTOUT"]] + 1,
            )

    def _periodic(self, s):
        # Looked at once a half cycle at most: nothing but DREADY recurs faster.
        if s < self._grid_check:
            return 0
        bits = 0
        marks = self._marks
        for bit, origin, period in self._grids():
            last = s - (s - origin) % period
            if last > marks.get(bit, origin):
                bits |= bit
        if self._bits & _STEADY_BITS == _STEADY_BITS:
            self._grid_check = s + 400
        return bits

    def _pulsed(self, s):
        bits = 0
        for i in range(2):
            count = self._cf_count[i]
            code = self._cf_codes[i]
            if code:
                count += abs(self._cf_rest[i] + code * (s - self._ref)) // self._cf_units(i)
            if count != self._cf_marks[i]:
                bits |= 64 << i
        return bits

    def _clear_status(self, value):
        self._status()
        self._bits &= ~(value & 0x03FFFFFF)
        s = self._sample()
        for bit, _, _ in self._grids():
            if value & bit:
                self._marks[bit] = s
        self._grid_check = 0
        for i in range(2):
            if value & (64 << i):
                self._cf_marks[i] = self.cf_count(i)

    def _half_cycle(self):
        p = self.point
        mhz = p.frequency_mhz if p.live else (60_000 if self.reg[ADDRESS["ACCMODE"]] & 0x10 else 50_000)
        return max(1, round(SAMPLE_RATE * 500 / max(mhz, 1000)))

    # -- dip, swell, overcurrent, peak (pp. 27-28) ----------------------------------------------------------
    def _half_cycles(self):
        """Bring the half-cycle rms, and with it dip and swell, to now."""
        half = self._half
        half.run_to(self.clock.now_us)
        self._event_bits = self._event_bits & ~0x05 | half.bits
        if half.raised:
            half.raised = False
            self._bits |= EVENT_STAT

    def _set_levels(self):
        reg = self.reg
        dip, swell, dip_cycles, swell_cycles = (
            reg[ADDRESS[n]] for n in ("DIP_LVL", "SWELL_LVL", "DIP_CYC", "SWELL_CYC")
        )
        on_exit = bool(reg[ADDRESS["CONFIG1"]] & 0x4000)
        self._half.levels(self.clock.now_us, dip, swell, dip_cycles, swell_cycles, on_exit)

    def _voltage_changed(self):
        """`rms_v` is new."""
        self._half.voltage(self.clock.now_us, self.rms_v, self.point.frequency_mhz if self.point.live else 0)

    def next_edge_us(self, now_us):
        """When IRQ next falls because a dip or swell begins or ends (CONFIG1), as far as the present point decides it."""
        if self._half.still or not self.running or not self.reg[_MASK] & EVENT_STAT:
            return None
        self.catch_up()
        self._half_cycles()
        return None if self._bits & EVENT_STAT else self._half.next_us()

    def _overcurrent(self, s):
        """Half-cycle rms over OI_LVL; without the window of a cycle: it takes half a cycle and is over at once."""
        value = self.rms_i >> 5
        if self.reg[_CONFIG3] & 1 and value > self.reg[ADDRESS["OI_LVL"]]:
            if self._oi_since is None:
                self._oi_since = self._ref
            if s - self._oi_since >= self._half_cycle():
                if not self._event_bits & 0x10:
                    self._bits |= EVENT_STAT
                    self._oi_highest = 0
                self._event_bits |= 0x10
                self._oi_highest = max(self._oi_highest, value)
        elif self._oi_since is not None:
            self._oi_since = None
            if self._event_bits & 0x10:
                self._event_bits &= ~0x10
                if self.reg[ADDRESS["CONFIG1"]] & 0x4000:
                    self._bits |= EVENT_STAT

    def point_changed(self):
        super().point_changed()
        if self.running:
            s = self._ref
            self._grid_check = 0
            if self.point.live:
                self._dead_since = None
            elif self._dead_since is None:
                self._dead_since = s
            if self.reg[ADDRESS["EP_CFG"]] & 2:
                self._change(self._energy_config)
            if self.reg[_CONFIG3] & 1:
                self._overcurrent(s)

    def _before_point(self, s):
        # What the old point did to the latched quantities, with the old codes still in place.
        if self.running:
            if self.reg[_CONFIG3] & 1:
                self._overcurrent(s)
            if self.reg[_CONFIG3] & 4:
                self._note_peak(s)

    def _note_peak(self, s):
        if s > self._peak_cleared:
            self._peak[0] = max(self._peak[0], self.rms_i)
            self._peak[1] = max(self._peak[1], self.rms_v)

    @staticmethod
    def _wave_peak(rms):
        return min(round(rms * math.sqrt(2)) >> 5, 0xFFFFFF)

    def _cleared_on_read(self, address):
        if address in (ADDRESS["IPEAK"], ADDRESS["VPEAK"]):
            self._peak[address - ADDRESS["IPEAK"]] = 0
            self._peak_cleared = self._sample()
        elif address == ADDRESS["EVENT_STATUS"]:
            self._bits &= ~EVENT_STAT
        elif address == ADDRESS["MS_STATUS_IRQ"]:
            self._ms_bits = 0

    def _rms_read(self, code, salt):
        """With reading noise: one deterministic draw a second, uniform of the standard deviation asked for."""
        noise = self.errors.rms_noise
        if not noise or not code:
            return code
        mixed = ((self._sample() // SAMPLE_RATE) * 2 + salt + self.noise_seed) * 0x9E3779B97F4A7C15 & (1 << 64) - 1
        mixed = (mixed ^ mixed >> 29) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
        return round(code * (1 + noise * math.sqrt(12) * ((mixed >> 11) / (1 << 53) - 0.5)))

    # -- what the readable registers show -------------------------------------------------------------------
    def _wave(self, rms, lag):
        if not self.running:
            return 0
        hz = self.point.frequency_mhz / 1000
        return round(rms * math.sqrt(2) * math.sin(2 * math.pi * hz * self._sample() / SAMPLE_RATE - lag))

    def _lag(self):
        return math.atan2(self._raw[1], self._raw[0]) if self._raw[0] or self._raw[1] else 0.0

    def _power_factor(self):
        va = self._raw[2]
        return max(-(1 << 27), min((1 << 27) - 1, round(self._raw[0] / va * (1 << 27)))) if va else 0

    def _angl(self):
        if not (self.point.live and self.point.current_ua):
            return 0
        lsb = self.angle_lsb * self.point.frequency_mhz / 50_000
        return round(math.degrees(self._lag()) / lsb)

    def _aperiod(self):
        mhz = self.point.frequency_mhz
        if self.point.live and 40_000 <= mhz <= 70_000:
            return round(262_144_000_000 / mhz * (1 + self.errors.clock_ppm / 1e6)) - 1
        return 0x0042AAAA if self.reg[ADDRESS["ACCMODE"]] & 0x10 else 0x00500000

    def _power_sum(self, kind, sign):
        code = self._raw[kind]
        if sign:
            code = max(code * sign, 0)
        return code * (self.reg[ADDRESS["PWR_TIME"]] + 1) >> 13

    def _phsign(self):
        w, q, s = self._raw
        mode = self.reg[ADDRESS["CFMODE"]]
        sign = {0: w < 0, 2: s < 0, 4: q < 0}
        return sign.get(mode >> 3 & 7, False) << 7 | sign.get(mode & 7, False) << 6 | (q < 0) << 1 | (w < 0)

    def _peak_value(self, channel):
        if self.running and self._rate and self.reg[ADDRESS["CONFIG3"]] & 4:
            self._note_peak(self._sample())
        value = self._wave_peak(self._peak[channel])
        return value | 1 << 24 if value and channel == 0 else value

    def _temperature(self):
        trim = self.reg[ADDRESS["TEMP_TRIM"]]
        return round(((trim >> 16) / 32 - self.temperature_c) * (1 << 17) / (trim & 0xFFFF)) & 0xFFF

    def _last_data(self, answer):
        return int.from_bytes(answer[2:-2], "big")

    def _crc_value(self):
        self._settle_due(self.clock.now_us)
        return self._crc_result

    def _event_status(self):
        self._status()
        return self._event_bits

    def _of_half_cycles(self, name):
        if self.running:
            self._half_cycles()
        return getattr(self._half, name)


def _named(table):
    return {ADDRESS[name]: getter for name, getter in table.items()}


VALUES = _named(
    {
        "AI_WAV": lambda m: m._wave(m.rms_i, m._lag()) if m.running else 0,
        "AV_WAV": lambda m: m._wave(m.rms_v, 0.0) if m.running else 0,
        "AIRMS": lambda m: m._rms_read(m.rms_i, 0) if m.running else 0,
        "AVRMS": lambda m: m._rms_read(m.rms_v, 1) if m.running else 0,
        "AIRMS_OC": lambda m: m.rms_i if m.running else 0,
        "AVRMS_OC": lambda m: m._of_half_cycles("rms") if m.running else 0,
        "AWATT": lambda m: m._raw[0],
        "AFVAR": lambda m: m._raw[1],
        "AVA": lambda m: m._raw[2],
        "APF": lambda m: m._power_factor(),
        "MS_STATUS_CURRENT": lambda m: 0 if m.reg[ADDRESS["MS_ACAL_CFG"]] & 2 else 1,
        "MS_STATUS_IRQ": lambda m: m._ms_bits,
        "IPEAK": lambda m: m._peak_value(0),
        "VPEAK": lambda m: m._peak_value(1),
        "STATUS": lambda m: m._status(),
        "OIA": lambda m: m._oi_highest,
        "DIPA": lambda m: m._of_half_cycles("dip"),
        "SWELLA": lambda m: m._of_half_cycles("swell"),
        "APERIOD": lambda m: m._aperiod(),
        "PHNOLOAD": lambda m: m._gate[0] | m._gate[2] << 1 | m._gate[1] << 2,
        "ANGL_AV_AI": lambda m: m._angl(),
        "PHSIGN": lambda m: m._phsign(),
        "CRC_RSLT": lambda m: m._crc_value(),
        "CRC_SPI": lambda m: int.from_bytes(m._last_answer[-2:], "big"),
        "LAST_CMD": lambda m: m._last_cmd,
        "LAST_DATA_16": lambda m: m._last_data(m._last_16),
        "LAST_DATA_32": lambda m: m._last_data(m._last_32),
        "TEMP_RSLT": lambda m: m._temperature(),
        "EVENT_STATUS": lambda m: m._event_status(),
        "CHIP_STATUS": lambda m: m._chip_status,
    }
    | {name: (lambda m, k=kind, g=sign: m._power_sum(k, g)) for name, (kind, sign) in _POWER_ACC.items()}
)
