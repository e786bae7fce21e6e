# SPDX-License-Identifier: MIT
"""ADE9153A bring-up as a step machine: reset with the interface straps driven, configuration, settling, lock, audit.

One `step` takes at most about 20 ms; waiting is done between steps, by the caller's time. A chip that is found running,
locked and configured as wanted after a reset of the MCU is taken over as it is, with what it counted meanwhile.
Source: ADE9153A data sheet Rev. 0, p. 30 (interface latch), p. 31 (WR_LOCK); ADE9078 data sheet Rev. 0, pp. 26 and 56
(power-up, order), p. 65 (configuration CRC).
"""

from micropython import const

from drivers import ade9153a_regs as regs
from drivers.ade9153a_frames import HIGH, LOW

# Fault codes (attribute `fault`; 0: none).
MISO_HIGH = const(1)  # line stuck high, chip absent, or trapped in UART mode
MISO_LOW = const(2)
BUS_NOISE = const(3)  # nothing passes its CRC
NO_RESET_DONE = const(4)  # the chip does not come out of reset in time
WRONG_ID = const(5)  # VERSION_PRODUCT is not an ADE9153A
CONFIG = const(6)  # a register does not hold what was written
CRC_TIMEOUT = const(7)  # the forced configuration CRC does not finish
FROZEN = const(8)  # DSP stands still, or RUN was lost
CHIP_ERROR = const(9)  # CHIP_STATUS reports an error that only a reset clears
IMPLAUSIBLE = const(10)  # counters moved as no load can move them, again and again
UART_TRAP = const(11)  # as MISO_HIGH, and the reset with driven straps cured it

RUNNING = const(0)
_PROBE = const(1)
_AUDIT_FOUND = const(2)
_RESET = const(3)
_HOLD = const(4)
_POLL = const(5)
_CONFIGURE = const(6)
_SETTLE = const(7)
_CRC = const(8)
_LOCKED = const(9)
_AUDIT = const(10)
_PAUSE = const(11)

_HOLD_MS = const(100)  # straps stay this long after the release of RESET
_POLL_MS = const(200)
_SETTLE_MS = const(1500)  # high-pass to 0.1 %: 1.8 s from a step; the line has been there all the time
_CRC_MS = const(200)
_LOCKED_MS = const(30)  # at least two background passes of the configuration CRC
_PAUSE_MS = const(1000)
_ATTEMPTS = const(3)
_BATCH = const(10)  # registers a step
_TICKS = const(0x3FFFFFFF)


class StartUp:
    """State of the start sequence; `stage` is RUNNING (0) when the chip meters.

    front: the driver, whose `fault` and `last_fault` are set here. want: table of ade9153a_regs.wanted().
    strap(cs, level): takes SCLK out of the SPI peripheral and drives it to `level`; level None gives it back. strap is
    None where the bus idles in mode 3 whatever happens.
    """

    __slots__ = (
        "stage",
        "adopted",
        "golden",
        "identity",
        "chip_id",
        "energised_ms",
        "_front",
        "_frames",
        "_cs",
        "_reset",
        "_clock",
        "_strap",
        "_want",
        "_since",
        "_index",
        "_attempts",
        "_misses",
    )

    def __init__(self, front, frames, cs, reset, *, clock, strap, want):
        self._front = front
        self._frames = frames
        self._cs = cs
        self._reset = reset
        self._clock = clock
        self._strap = strap
        self._want = want
        self.stage = _RESET
        self.adopted = False
        self.golden = 0  # configuration CRC of this unit in this configuration
        self.identity = 0  # the chip's identity folded to 16 bits
        self.chip_id = bytearray(8)
        self.energised_ms = 0
        self._since = 0
        self._index = 0
        self._attempts = 0
        self._misses = 0

    def probe(self, identity):
        """Begin by looking for a chip that never stopped; identity: that of the chip the snapshot came from."""
        self.identity = identity
        self.stage = _PROBE

    def probing(self):
        """True while the chip of the snapshot is still being looked at."""
        return self.stage in (_PROBE, _AUDIT_FOUND)

    def restart(self, fault):
        """Begin with a hardware reset, because of `fault` (0: the chip reset itself)."""
        self.adopted = False
        self.stage = _RESET
        self._attempts = 0
        self._front.fault = fault
        if fault:
            self._front.last_fault = fault

    def step(self, now_ms):
        """Do what can be done now. returns: True in the step in which the chip begins to meter. allocates: no"""
        stage = self.stage
        waited = (now_ms - self._since) & _TICKS
        if stage == _PROBE:
            return self._probe()
        if stage in (_AUDIT_FOUND, _AUDIT):
            return self._audit(now_ms)
        if stage == _RESET:
            self._assert_reset(now_ms)
        elif stage == _HOLD:
            self._hold(waited, now_ms)
        elif stage == _POLL:
            self._poll(now_ms)
        elif stage == _CONFIGURE:
            self._configure(now_ms)
        elif stage == _SETTLE:
            self._energise(waited, now_ms)
        elif stage == _CRC:
            self._await_crc(now_ms)
        elif stage == _LOCKED:
            self._note_golden(waited, now_ms)
        elif waited >= _PAUSE_MS:
            self._go(_RESET, now_ms)
        return False

    def _go(self, stage, now_ms):
        self.stage = stage
        self._since = now_ms
        self._index = 0

    def _fail(self, fault, now_ms):
        # Three resets in a row, then one a second, for ever: a meter does not give up.
        self._front.fault = fault
        self._front.last_fault = fault
        self._attempts += 1
        self._go(_PAUSE if self._attempts >= _ATTEMPTS else _RESET, now_ms)

    def _bus_fault(self, now_ms):
        self._fail(self.line_fault(), now_ms)

    def line_fault(self):
        """Fault code for what the last failed read looked like."""
        failure = self._frames.failure
        return MISO_HIGH if failure == HIGH else MISO_LOW if failure == LOW else BUS_NOISE

    # -- a chip that never stopped --------------------------------------------------------------------------
    def _probe(self):
        f = self._frames
        self._misses += 1
        if not f.fetch(regs.STATUS):
            if self._misses >= _ATTEMPTS:
                self.stage = _RESET
            return False
        found = not f.hi & 1 and f.holds(regs.RUN, 0, 1) and f.holds(regs.WR_LOCK, 0, 1)
        before = self.identity
        if found and self._identify() and self.identity == before:
            self.stage = _AUDIT_FOUND
            self._index = 0
        else:
            self.stage = _RESET
        return False

    def _identify(self):
        f = self._frames
        if not f.fetch(regs.CHIP_ID_HI):
            return False
        self._keep_id(0)
        fold = f.hi ^ f.lo
        if not f.fetch(regs.CHIP_ID_LO):
            return False
        self._keep_id(4)
        self.identity = fold ^ f.hi ^ f.lo
        return True

    def _keep_id(self, at):
        f = self._frames
        chip_id = self.chip_id
        chip_id[at] = f.hi >> 8
        chip_id[at + 1] = f.hi & 0xFF
        chip_id[at + 2] = f.lo >> 8
        chip_id[at + 3] = f.lo & 0xFF

    # -- from reset to metering -----------------------------------------------------------------------------
    def _assert_reset(self, now_ms):
        # SS low, SCLK high at the release of RESET selects SPI; the idle bus of mode 0 would select the UART (p. 30).
        if self._strap is not None:
            self._strap(self._cs, 1)
        self._cs(0)
        if self._reset is not None:
            self._reset(0)
            self._clock.sleep_ms(1)  # at least 10 us
            self._reset(1)
        self._go(_HOLD, now_ms)

    def _hold(self, waited, now_ms):
        if waited >= _HOLD_MS:
            self._cs(1)
            if self._strap is not None:
                self._strap(self._cs, None)
            self._go(_POLL, now_ms)
            self._poll(now_ms)

    def _poll(self, now_ms):
        f = self._frames
        if f.fetch(regs.STATUS) and f.hi & 1:
            f.send(regs.STATUS, 1, 0)
            if f.fetch(regs.STATUS) and not f.hi & 1 and self._identify():
                self._go(_CONFIGURE, now_ms)
        elif (now_ms - self._since) & _TICKS >= _POLL_MS:
            if f.failure in (HIGH, LOW):
                self._bus_fault(now_ms)
            else:
                self._fail(NO_RESET_DONE, now_ms)

    def _configure(self, now_ms):
        want = self._want
        last = len(want) - 3  # EP_CFG waits for the filters
        i = self._index
        end = min(i + 3 * _BATCH, last)
        while i < end:
            if not self._frames.store(want[i], want[i + 1], want[i + 2]):
                self._fail(CONFIG, now_ms)
                return
            i += 3
        self._index = i
        if i == last:
            if self._frames.store(regs.RUN, 0, 1):
                self._go(_SETTLE, now_ms)
            else:
                self._fail(CONFIG, now_ms)

    def _energise(self, waited, now_ms):
        if waited < _SETTLE_MS:
            return
        f = self._frames
        if not f.fetch(regs.VERSION_PRODUCT):
            self._bus_fault(now_ms)
            return
        if f.hi != 0x0009 or f.lo != 0x153A:
            self._fail(WRONG_ID, now_ms)
            return
        want = self._want
        i = 0
        while want[i] != regs.CONFIG1:
            i += 3
        f.send(regs.CONFIG1, 0, want[i + 2] | regs.CF_ACC_CLR)
        i = len(want) - 3
        if not f.store(want[i], want[i + 1], want[i + 2]):
            self._fail(CONFIG, now_ms)
            return
        self.energised_ms = now_ms
        f.send(regs.CRC_FORCE, 0, 1)
        self._go(_CRC, now_ms)

    def _await_crc(self, now_ms):
        f = self._frames
        if f.fetch(regs.STATUS) and f.hi & 0x80:
            f.send(regs.WR_LOCK, 0, regs.LOCK)
            if f.holds(regs.WR_LOCK, 0, 1):
                self._go(_LOCKED, now_ms)
        elif (now_ms - self._since) & _TICKS >= _CRC_MS:
            self._fail(CRC_TIMEOUT, now_ms)

    def _note_golden(self, waited, now_ms):
        if waited < _LOCKED_MS:
            return
        if self._frames.fetch(regs.CRC_RSLT):
            self.golden = self._frames.lo
            self._go(_AUDIT, now_ms)
        else:
            self._bus_fault(now_ms)

    def _audit(self, now_ms):
        # A bit that flipped on MOSI may have landed in a register that had been read back already.
        want = self._want
        f = self._frames
        found = self.stage == _AUDIT_FOUND
        i = self._index
        end = min(i + 3 * _BATCH, len(want))
        while i < end:
            if not f.holds(want[i], want[i + 1], want[i + 2]):
                if found:
                    self.stage = _RESET
                else:
                    self._fail(CONFIG, now_ms)
                return False
            i += 3
        self._index = i
        if i < len(want):
            return False
        if found and not f.fetch(regs.CRC_RSLT):
            self.stage = _RESET
            return False
        if found:
            self.golden = f.lo
        elif self._front.last_fault == MISO_HIGH:
            self._front.last_fault = UART_TRAP
        self.adopted = found
        self._front.fault = 0
        self._attempts = 0
        self.stage = RUNNING
        return True
