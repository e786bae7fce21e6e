# SPDX-License-Identifier: MIT
"""ATM90E26 readings: voltage, current, powers, frequency and power factor of the L line as integers.

Source: Atmel-46002B (M90E26 datasheet) section 5, registers 46-4F; Atmel-46102B 4.2 (half scale) and 4.4 (LSB
extension). The profile reads current at half scale: current and powers are doubled here. A register that answers for
another is found by what the values owe each other: S = U I, P^2 + Q^2 <= S^2, PF = P / S. The extension of a reading
bears no proof: a bit of it is 2 W or less.

Lphi corrects the phase of the energy; whether that of Pmean and Qmean too is not documented. So the angle that is left in
them is found by calibration and taken out here (`turn`): 0 where the part does it.
"""

from micropython import const

_LSB = const(0x08)
_EN_STATUS = const(0x46)
_IRMS = const(0x48)
_URMS = const(0x49)
_PMEAN = const(0x4A)
_QMEAN = const(0x4B)
_FREQ = const(0x4C)
_POWER_F = const(0x4D)
_SMEAN = const(0x4F)

_P_NO_LOAD = const(0x4000)
_EN_STATUS_UNUSED = const(0x07FC)
_MAINS = const(4600)  # 46 V: below it the frequency means nothing
_FREQ_MIN = const(4500)
_FREQ_MAX = const(6500)


class Readings:
    """no_load: bool, below the starting threshold. turn: 2**-16 rad by which the power readings lag, -4096..4096."""

    __slots__ = ("_link", "_fraction", "no_load", "turn")

    def __init__(self, link):
        self._link = link
        self._fraction = 0
        self.no_load = False
        self.turn = 0

    def read(self, sample):
        """Fill the RMS members of `sample`. returns: bool; False: they did not agree and are left as they were

        allocates: no   context: tick, after the energy registers (each address here is one bit from one of them)
        """
        link = self._link
        status = link.read_checked(_EN_STATUS)
        if status < 0 or status & _EN_STATUS_UNUSED:
            return False
        volts = link.read_checked(_URMS)
        amperes = link.read_checked(_IRMS)
        watts = link.read_checked(_PMEAN)
        watts_low = link.read(_LSB, 0) >> 8
        twice = link.read(_QMEAN, 0)  # nothing else vouches for Q where the load distorts
        reactive = link.read_checked(_QMEAN)
        reactive_low = link.read(_LSB, 0) >> 8
        apparent = link.read_checked(_SMEAN)
        apparent_low = link.read(_LSB, 0) >> 8
        frequency = link.read_checked(_FREQ)
        factor = link.read_checked(_POWER_F)
        if volts < 0 or amperes < 0 or watts < 0 or reactive < 0 or apparent < 0 or frequency < 0 or factor < 0:
            return False
        watts = (watts ^ 0x8000) - 0x8000
        reactive = (reactive ^ 0x8000) - 0x8000
        room = (apparent >> 8) + 4
        if not -room <= reactive - ((twice ^ 0x8000) - 0x8000) <= room:
            return False
        factor = 0x8000 - factor if factor & 0x8000 else factor  # sign-magnitude
        no_load = status & _P_NO_LOAD != 0
        if volts >= _MAINS and not _FREQ_MIN <= frequency <= _FREQ_MAX:
            return False
        if not _agree(volts, amperes, watts, reactive, apparent):
            return False
        if not no_load and not _factor_agrees(watts, apparent, factor):
            return False
        self.no_load = no_load
        sample.rms_voltage_mv = volts * 10
        sample.rms_current_ma = amperes * 2
        active_mw = _milli(watts, watts_low)
        reactive_mvar = _milli(reactive, reactive_low)
        apparent_mva = _milli(apparent, apparent_low)
        turn = self.turn
        if turn:
            # The cosine is left out: 0.02 % at a degree.
            turned_mw = active_mw + ((reactive_mvar >> 8) * turn >> 8)
            reactive_mvar -= (active_mw >> 8) * turn >> 8
            active_mw = turned_mw
            factor = _factor(active_mw, apparent_mva)
        sample.active_power_mw = active_mw
        sample.reactive_power_mvar = reactive_mvar
        sample.apparent_power_mva = apparent_mva
        sample.frequency_hz_x1000 = frequency * 10
        sample.power_factor_x1000 = 1000 if no_load else factor
        return True


def _milli(word, low):
    """Half-scale W and its 8-bit extension (two's complement, unsigned fraction: unverified) to full-scale mW."""
    return word * 2000 + (low * 2000 >> 8)


def _factor(active_mw, apparent_mva):
    """P / S in thousandths; small ints only."""
    while apparent_mva >= 0x100000:
        apparent_mva >>= 1
        active_mw >>= 1
    if apparent_mva == 0:
        return 1000
    return max(-1000, min(1000, (active_mw * 1000 + (apparent_mva >> 1)) // apparent_mva))


def _agree(volts, amperes, watts, reactive, apparent):
    # S = U I / 10^5 in units of 0.01 V, mA and VA; by 16 to stay below 2^30.
    product = (volts >> 2) * (amperes >> 2)
    stated = apparent * 6250
    room = (stated >> 5) + (volts >> 2) * 8 + 25000
    if not -room <= product - stated <= room:
        return False
    most = apparent + (apparent >> 5) + 8
    if not (-most <= watts <= most and -most <= reactive <= most):
        return False
    most = (most >> 1) + 1
    watts >>= 1
    reactive >>= 1
    return watts * watts + reactive * reactive <= most * most


def _factor_agrees(watts, apparent, factor):
    room = apparent * 25 + 10000
    return -room <= watts * 1000 - factor * apparent <= room
