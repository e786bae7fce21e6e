# SPDX-License-Identifier: MIT
"""Dips and swells as the ADE9153A sees them: rms of one cycle, renewed each half cycle.

The chip says in STATUS that one began or ended; only then is anything read, and once a second while one lasts or after a
read that failed.
Source: ADE9153A data sheet Rev. 0, p. 27 (half-cycle rms), p. 28 (dip and swell), Table 9 (EVENT_STATUS, cleared by reading);
that DIPA and SWELLA are AVRMS_OC / 2**5 and keep the extreme of the last event is the ADE9000's, unverified for this part.
"""

from micropython import const

from drivers import ade9153a_regs as regs

DIP = const(1)
SWELL = const(2)

_NONE = const(0x007F)  # upper half of DIPA before the first dip
_FULL_SCALE = const(0xFFFFF)


class Events:
    """active: DIP, SWELL now. begun: what began since `take`. dip_mv, swell_mv: extremes of the present or last one.

    again: a read failed, the chip has to be asked again.
    """

    __slots__ = ("active", "begun", "dip_mv", "swell_mv", "again", "_dip_seen", "_swell_seen")

    def __init__(self):
        self.active = 0
        self.begun = 0
        self.dip_mv = 0
        self.swell_mv = 0
        self.again = False
        self._dip_seen = 0
        self._swell_seen = 0

    def forget(self, frames):
        """The chip starts to meter: what its filters made of that is no event. What lasts beyond it begins now."""
        if self.look(frames):
            self.begun = self.active

    def look(self, frames):
        """EVENT_STAT was set. returns: True when all could be read. allocates: no"""
        self.again = True
        if not frames.fetch(regs.EVENT_STATUS):
            return False
        low = frames.lo
        active = low & 1 | (low & 4) >> 1
        if not frames.fetch(regs.DIPA):
            return False
        if frames.hi == _NONE:
            dip_mv = 0
        else:
            dip_mv = _millivolts(frames)
        if not frames.fetch(regs.SWELLA):
            return False
        swell_mv = _millivolts(frames)
        before = self.active
        begun = active & ~before
        if not (active | before):
            # Begun and over between two passes: the extreme says which. Two alike are taken for a dip, the commoner.
            begun = SWELL if swell_mv != self._swell_seen and dip_mv == self._dip_seen else DIP
        self._dip_seen = dip_mv
        self._swell_seen = swell_mv
        if (active | before | begun) & DIP:
            self.dip_mv = dip_mv
        if (active | before | begun) & SWELL:
            self.swell_mv = swell_mv
        self.active = active
        self.begun |= begun
        self.again = False
        return True

    def take(self, record):
        """record[0..3]: see FrontEnd.events_into. allocates: no"""
        record[0] = self.active
        record[1] = self.begun
        record[2] = self.dip_mv
        record[3] = self.swell_mv
        self.begun = 0


def _millivolts(frames):
    """13290.263 nV a code of AVRMS, 2**5 codes: 0.425288 mV = 871 / 2**11."""
    code = frames.hi << 16 | frames.lo if frames.hi < 0x10 else _FULL_SCALE
    return code * 871 >> 11
