# SPDX-License-Identifier: MIT
"""From a measured gain and offset to the calibration registers of each part.

A table starts at the design values of the meter type (the same for every unit), makes the payload of its registers,
and corrects itself by what was measured with that payload in the chip. G > 1 reads too much, a positive angle of G is
a current that seems to lag more than it does.

Sources: ADE9153A data sheet Rev. 0, pp. 22-23 (gain, offset, phase), Table 8; ADE9078 data sheet Rev. 0, p. 31 (phase
formula). Atmel-46002B (M90E26 datasheet) section 5, Atmel-46102B (application note) sections 3.2 and 4.2.
"""

import cmath
import math
import struct

I32_LIMIT = (1 << 31) - 1


class TableError(Exception):
    """A correction does not fit its register."""


def _fits(value, limit, name):
    value = round(value)
    if abs(value) > limit:
        raise TableError(f"{name} of {value} is out of its register")
    return value


class Ade9153aTable:
    """AIGAIN AVGAIN APGAIN APHASECAL AWATT_OS AFVAR_OS AIRMS_OS AVRMS_OS: little-endian i32 x 8.

    Front end: 300 uOhm shunt at gain 16, divider 990k/1k. Full scale codes: data sheet p. 26.
    """

    FS_CURRENT_CODE, FS_VOLTAGE_CODE = 52_725_703, 26_362_852
    AMPERE_PER_CODE = 1 / (16 * math.sqrt(2)) / 300e-6 / FS_CURRENT_CODE
    VOLT_PER_CODE = 0.5 / math.sqrt(2) * 991 / FS_VOLTAGE_CODE
    WATT_PER_CODE = AMPERE_PER_CODE * VOLT_PER_CODE * (1 << 27)
    ONE = 1 << 27  # s5.27
    # Two cycles of s5.27 multiplication by three gains may reach 3.75 in all (ADE9078 data sheet p. 30); far from it
    # here.
    GAIN_LIMIT = ONE

    def __init__(self):
        self.i_gain = 1.0
        self.u_gain = 1.0
        self.p_gain = 1.0
        self.phase_rad = 0.0  # what APHASECAL advances the current by, at 50 Hz
        self.offset_va = 0j  # what AWATT_OS and AFVAR_OS add

    def correct(self, gain, offset_va, voltage_ratio, current_ratio, shown_rad=0.0):
        """gain, offset_va: S' = gain·S + offset; the ratios are meter over reference of the RMS readings.

        shown_rad is not wanted: APHASECAL acts on the samples of the current, before everything that is shown (p. 23).
        """
        # The sensor's own offset passes through the gains; what the offset registers added does not.
        sensor_va = (offset_va - self.offset_va) / abs(gain)
        product = self.i_gain * self.u_gain * self.p_gain / abs(gain)
        self.i_gain /= current_ratio
        self.u_gain /= voltage_ratio
        self.p_gain = product / (self.i_gain * self.u_gain)
        self.phase_rad += cmath.phase(gain)
        self.offset_va = -sensor_va

    @staticmethod
    def phase_register(angle_rad, frequency_hz=50):
        """xPHASECAL that advances the current by an angle: ((sin(a - w) + sin w) / sin(2w - a)) 2^27 (p. 23)."""
        w = 2 * math.pi * frequency_hz / 4000
        return round((math.sin(angle_rad - w) + math.sin(w)) / math.sin(2 * w - angle_rad) * (1 << 27))

    def payload(self):
        """32 bytes. Raises TableError."""
        registers = [
            _fits((gain - 1) * self.ONE, self.GAIN_LIMIT, name)
            for gain, name in (
                (self.i_gain, "AIGAIN"),
                (self.u_gain, "AVGAIN"),
                (self.p_gain, "APGAIN"),
            )
        ]
        registers.append(self.phase_register(self.phase_rad))
        for value, name in ((self.offset_va.real, "AWATT_OS"), (self.offset_va.imag, "AFVAR_OS")):
            registers.append(_fits(value / self.WATT_PER_CODE, I32_LIMIT, name))
        # RMS offsets (target^2 - reading^2) / 2^15 correct noise of the converters that the RMS readings at Itr do
        # not show.
        registers += [0, 0]
        return struct.pack("<8i", *registers)


class Atm90e26Table:
    """PLconstH PLconstL Lgain Lphi Ngain Nphi PStartTh PNolTh QStartTh QNolTh MMode, Ugain IgainL IgainN Uoffset
    IoffsetL IoffsetN PoffsetL QoffsetL PoffsetN QoffsetN: little-endian u16 x 21; turn of the power readings: i16.

    Front end: 200 uOhm shunt at gain 24, divider 880, 1000 pulses a kWh, current at half scale (65.5 A is all Irms
    can show). Offsets of U and I stay 0: their unit is not documented. The N line stays nominal: it is not metered in
    L mode.
    """

    PULSES_PER_KWH = 1000
    GAIN = 24
    MV_PER_AMPERE = 0.2
    DIVIDER = 880
    RAW_PER_MV2 = 93.2067556  # power counts per mV(U) mV(I), Atmel-46102B section 3.2.4
    START_CURRENT_A, UN_V = 0.02, 230  # half of Ist, 4.6 W
    MMODE = 0x7422  # L gain 24, N gain 1, high-pass filters on, zero crossings both, threshold 3.125 %
    PHASE_LSB_DEG = 360 * 50 / 2.048e6

    def __init__(self):
        raw_per_va = self.RAW_PER_MV2 * self.GAIN * self.MV_PER_AMPERE / self.DIVIDER * 1000
        self.raw_per_va = raw_per_va
        # A count is 1/10 pulse; 2.5 power counts a second add up to PL_constant for a pulse (Atmel-46102B section
        # 3.2.2).
        self.pl_constant = round(9.0e6 * raw_per_va / self.PULSES_PER_KWH)
        self.start = round(raw_per_va * self.UN_V * self.START_CURRENT_A)
        self.gain = 1.0
        self.lphi_deg = 0.0
        self.offset_raw = 0j
        self.u_gain = 26_400.0
        self.i_gain = 15_625.0  # at half scale
        self.turn_rad = 0.0

    def correct(self, gain, offset_va, voltage_ratio, current_ratio, shown_rad=0.0):
        """As of the ADE9153A; shown_rad: how much the power that is shown lags behind the reference's."""
        self.turn_rad += shown_rad
        # Offset registers act before Lgain and Lphi.
        after = self._lgain() * cmath.rect(1, math.radians(self._lphi() * self.PHASE_LSB_DEG))
        self.offset_raw = self._rounded_offset() - offset_va * self.raw_per_va / after
        self.gain = (1 + self._gain_register() / 32768) / abs(gain)
        self.lphi_deg = self._lphi() * self.PHASE_LSB_DEG - math.degrees(cmath.phase(gain))
        self.u_gain = round(self.u_gain) / voltage_ratio
        self.i_gain = round(self.i_gain) / current_ratio

    def _gain_register(self):
        return _fits((self.gain - 1) * 32768, 16_384, "Lgain")  # -50..+50 % (46002B 5.3)

    def _lgain(self):
        return 1 + self._gain_register() / 32768

    def _lphi(self):
        return _fits(self.lphi_deg / self.PHASE_LSB_DEG, 1023, "Lphi")

    def _rounded_offset(self):
        return complex(_fits(self.offset_raw.real, 32_767, "PoffsetL"), _fits(self.offset_raw.imag, 32_767, "QoffsetL"))

    def payload(self):
        """44 bytes. Raises TableError."""
        lphi = self._lphi()
        offset = self._rounded_offset()
        no_load = round(self.start * 0.8)
        words = (
            self.pl_constant >> 16,
            self.pl_constant & 0xFFFF,
            self._gain_register() & 0xFFFF,
            (0x8000 | -lphi) if lphi < 0 else lphi,  # sign and magnitude (inferred from the bit map: unverified)
            0,
            0,
            self.start,
            no_load,
            self.start,
            no_load,
            self.MMODE,
            _fits(self.u_gain, 0x7FFF, "Ugain"),
            _fits(self.i_gain, 0xFFFF, "IgainL"),
            30_000,
            0,
            0,
            0,
            int(offset.real) & 0xFFFF,
            int(offset.imag) & 0xFFFF,
            0,
            0,
        )
        return struct.pack("<21Hh", *words, _fits(self.turn_rad * 65536, 4096, "turn"))


TABLES = {"ade9153a": Ade9153aTable, "atm90e26": Atm90e26Table}
