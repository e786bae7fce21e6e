# SPDX-License-Identifier: MIT
"""ATM90E26 start, adoption and upkeep: every way in which the chip's configuration is written or checked.

Source: Atmel-46002B (M90E26 datasheet) 5.2, 5.3; Atmel-46102B (application note) 2.3. The checksum that the chip
computes is compared with the host's own before it is written: copying it back would bless a corrupted write. Every
call stays below 20 ms of bus time (at 125 kHz a frame takes 0.2 ms).
"""

from micropython import const

BUS_HIGH = 1
BUS_LOW = 2
WRONG_PART = 3
NOT_WRITTEN = 4
BAD_CHECKSUM = 5

_SOFT_RESET = const(0x00)
_SYS_STATUS = const(0x01)
_FUNC_EN = const(0x02)
_SAG_TH = const(0x03)
_SMALL_P_MOD = const(0x04)
_CAL_START = const(0x20)
_METERING = const(0x21)
_CS1 = const(0x2C)
_ADJ_START = const(0x30)
_ADJUSTMENT = const(0x31)
_CS2 = const(0x3B)

_RESET_CODE = const(0x789A)
_LOADING = const(0x5678)
_RUNNING = const(0x8765)
FUNCTIONS = 0x003C  # SagEn, SagWo (a sag raises WarnOut too), RevQEn, RevPEn

# Steps; 0 = running.
_ADOPT = const(1)  # the MCU has started, the chip may never have stopped
_RESET = const(2)
_WAIT = const(3)
_LOAD_METERING = const(4)
_LOAD_ADJUSTMENT = const(5)

_RESET_WAIT_MS = const(20)  # SoftReset to first access: unverified, not in the datasheet (T1 after power-on is 5 ms)
_IDENTITY_MS = const(100)  # then an unknown part is reset once more

# Defaults that together are found in no other part (Atmel-46002B section 5)
_IDENTITY = ((0x20, 0x6886), (0x30, 0x6886), (0x02, 0x000C), (0x03, 0x1D6A), (0x2B, 0x9422), (0x31, 0x6720))


class Setup:
    """step: 0 = running. fault: a code above, 0 = none."""

    __slots__ = ("_link", "_since_ms", "fault", "profile", "step")

    def __init__(self, link):
        self._link = link
        self._since_ms = 0
        self.fault = 0
        self.profile = None
        self.step = _ADOPT

    def adopt(self, profile):
        """From now on the chip shall hold `profile`; a chip that runs with it is left alone."""
        self.profile = profile
        self.step = _ADOPT

    def adopting(self):
        return self.step == _ADOPT

    def reset(self):
        """Begin again with a soft reset."""
        self.step = _RESET

    def advance(self, now_ms):
        """One bounded step of the start. returns: bool, a reset was found or made (once a start)   allocates: no"""
        step = self.step
        if step == _ADOPT:
            if self._line_fault():
                return False
            self.fault = 0
            if self._is_running():
                self.step = 0
                return False
            self.step = _RESET
            return True
        if step == _RESET:
            self._link.idle()
            self._link.write(_SOFT_RESET, _RESET_CODE)
            self._since_ms = now_ms
            self.step = _WAIT
        elif step == _WAIT:
            self._wait(now_ms)
        elif step == _LOAD_METERING:
            self._load_metering()
        else:
            self._load_adjustment()
        return False

    def heartbeat(self):
        """True while both blocks run. allocates: no"""
        link = self._link
        return link.read(_CAL_START, _RUNNING) == _RUNNING and link.read(_ADJ_START, _RUNNING) == _RUNNING

    def confirm(self):
        """A heartbeat failed: twice more. returns: bool, the chip runs all the same. Else `fault` tells a dead line
        (the chip may well be counting) from a chip that was reset (0). allocates: no
        """
        if self._line_fault():
            return False
        self.fault = 0
        link = self._link
        return link.holds(_CAL_START, _RUNNING) and link.holds(_ADJ_START, _RUNNING)

    def functions_kept(self):
        """FuncEn as configured, or written again. returns: bool, it was right   allocates: no"""
        if self._link.holds(_FUNC_EN, FUNCTIONS):
            return True
        if not self._link.store(_FUNC_EN, FUNCTIONS, True):
            self.reset()
        return False

    def inspect(self):
        """Both checksums as the chip computes them, and what they do not cover; what differs is written again in place.

        returns: bool, nothing had changed. A chip that will not be repaired is reset by the next pass.   allocates: no
        """
        link = self._link
        p = self.profile
        good = True
        if not link.holds(_SAG_TH, p.sag):
            good = False
            link.store(_SAG_TH, p.sag, True)
        if not link.holds(_SMALL_P_MOD, 0):
            good = False
            link.store(_SMALL_P_MOD, 0, True)
        if not link.holds(_CS1, p.cs1):
            good = False
            self._rewrite(_METERING, p.metering, _CS1, p.cs1)
        if not link.holds(_CS2, p.cs2):
            good = False
            self._rewrite(_ADJUSTMENT, p.adjustment, _CS2, p.cs2)
        return good

    def _rewrite(self, base, words, sum_at, total):
        link = self._link
        for n in range(len(words)):
            # PLconstH is taken over with PLconstL: the first pair is always written whole.
            if n < 2 and base == _METERING or not link.holds(base + n, words[n]):
                if not link.store(base + n, words[n], True):
                    self.reset()
                    return
        if not link.holds(sum_at, total):
            self.reset()

    def _line_fault(self):
        """Several registers that never read the same do: nobody is driving the line. Sets `fault`."""
        link = self._link
        p = self.profile
        first = link.read(_CAL_START, _RUNNING)
        if 0 < first < 0xFFFF:
            return False
        if link.read(_METERING + 10, p.metering[10]) != first or link.read(_ADJUSTMENT, p.adjustment[0]) != first:
            return False
        self.fault = BUS_LOW if first == 0 else BUS_HIGH
        return True

    def _is_running(self):
        """Everything is as a start would have left it: register by register, a checksum cannot see two of them
        swapped.
        """
        link = self._link
        p = self.profile
        if not (link.holds(_CAL_START, _RUNNING) and link.holds(_ADJ_START, _RUNNING)):
            return False
        if not (link.holds(_FUNC_EN, FUNCTIONS) and link.holds(_SAG_TH, p.sag) and link.holds(_SMALL_P_MOD, 0)):
            return False
        if not (link.holds(_CS1, p.cs1) and link.holds(_CS2, p.cs2)):
            return False
        return self._matches(_METERING, p.metering) and self._matches(_ADJUSTMENT, p.adjustment)

    def _matches(self, base, words):
        for n in range(len(words)):
            if not self._link.holds(base + n, words[n]):
                return False
        return True

    def _wait(self, now_ms):
        waited = now_ms - self._since_ms
        if 0 <= waited < _RESET_WAIT_MS:
            return
        if self._line_fault():
            self.step = _RESET
            return
        for pair in _IDENTITY:
            if not self._link.holds(pair[0], pair[1]):
                if not 0 <= waited < _IDENTITY_MS:
                    self.fault = WRONG_PART
                    self.step = _RESET
                return
        self.step = _LOAD_METERING

    def _fail(self, fault):
        self.fault = fault
        self.step = _RESET

    def _load_metering(self):
        link = self._link
        p = self.profile
        if not (link.store(_FUNC_EN, FUNCTIONS, True) and link.store(_SAG_TH, p.sag, True)):
            return self._fail(NOT_WRITTEN)
        if not link.store(_SMALL_P_MOD, 0, True):
            return self._fail(NOT_WRITTEN)
        if self._load(_CAL_START, _METERING, p.metering, _CS1, p.cs1):
            self.step = _LOAD_ADJUSTMENT

    def _load_adjustment(self):
        link = self._link
        p = self.profile
        if not self._load(_ADJ_START, _ADJUSTMENT, p.adjustment, _CS2, p.cs2):
            return
        if not (link.store(_CAL_START, _RUNNING, True) and link.store(_ADJ_START, _RUNNING, True)):
            return self._fail(NOT_WRITTEN)
        status = link.take(_SYS_STATUS)
        if status & 0xF000:
            return self._fail(BAD_CHECKSUM)
        if not self._is_running():  # an address bit flipped in a write above has hit another register
            return self._fail(NOT_WRITTEN)
        self.fault = 0
        self.step = 0

    def _load(self, start, base, words, sum_at, total):
        link = self._link
        if not link.store(start, _LOADING, True):
            return self._fail(NOT_WRITTEN)
        for n in range(len(words)):
            if not link.store(base + n, words[n], False):
                return self._fail(NOT_WRITTEN)
        if not self._matches(base, words):
            return self._fail(NOT_WRITTEN)
        if not link.holds(sum_at, total):
            return self._fail(BAD_CHECKSUM)
        if not link.store(sum_at, total, False):
            return self._fail(NOT_WRITTEN)
        return True
