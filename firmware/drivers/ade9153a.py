# SPDX-License-Identifier: MIT
"""ADE9153A energy IC as a FrontEnd (docs/architecture.md): free-running energy counters, every read proven.

The three xHR_HI registers are never cleared: energy is the difference of two reads modulo 2**32, so a read that fails
costs nothing, the counts wait in the chip. Within one read the chip has netted import against export.
Source: ADE9153A data sheet Rev. 0, pp. 24-31 and Table 8; ADE9078 data sheet Rev. 0, p. 43 (energy registers).
"""

from struct import pack_into

from micropython import const

from drivers import ade9153a_regs as regs
from drivers.ade9153a_events import Events
from drivers.ade9153a_frames import HIGH, Frames
from drivers.ade9153a_start import CHIP_ERROR, CONFIG, FROZEN, IMPLAUSIBLE, RUNNING, StartUp

# Sample flags, as docs/architecture.md has them.
_ENERGY = const(1)
_QUANTITIES = const(2)
_RESTARTED = const(4)
_DOWN = const(8)
_SUSPECT = const(16)
_NO_LOAD = const(32)
_REPAIRED = const(64)
_EVENT = const(128)

BAD_RECORD = const(1)  # code of ADE9153AError

_MARKER = const(0x5391)  # of a valid snapshot
_TICKS = const(0x3FFFFFFF)
_FAR = const(0x2000)  # upper halves this far apart: beyond what a pass may bring
_TOO_FAR = const(1 << 29)  # a difference beyond what a pass may bring
_COUNTS_PER_MS = const(3719)  # 1.5 x 25.3 kW
_MARGIN_MS = const(60)  # window of 10 ms, and the way from now_ms to the read
_SKEW_COUNTS = const(20 * 3719)
_LONGEST_MS = const(144000)  # _COUNTS_PER_MS * _LONGEST_MS < 2**29
_REJECTS = const(8)  # in a row: the counters are wrong, not the moment
_BAD_PASSES = const(3)
_HIGH_MS = const(300)  # all ones: longer than a reset takes; the chip is trapped or gone
_BAD_MS = const(5000)  # other bus trouble: the counts are safe in the chip, so there is time
_HEALTH_MS = const(1000)
_LONG_MS = const(2000)  # passes so far apart: a look at the chip's health only where there is one at the quantities
_SWEEP = const(4)  # registers a pass while the whole configuration is being looked through
_LIVE_MV = const(46000)
_NO_LOAD_MW = const(4600)


class ADE9153AError(Exception):
    """`code`: BAD_RECORD."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class ADE9153A:
    """One metering element. spi, cs, reset: MicroPython SPI (mode 3) and Pins; clock: the `time` names.

    strap(cs, level): see ade9153a_start. Nothing is sent before the first `read_into`.
    chip_id: bytearray(8), CHIP_ID_HI and CHIP_ID_LO; zeros until the chip was found.
    fault: code of ade9153a_start, 0 while all is well; last_fault: the last one there was.
    repairs: registers rewritten. crc_errors, address_errors, retries: of ade9153a_frames.

    No properties: in a class that has one, MicroPython stores every attribute at five times the cost.
    """

    counts_per_wh = regs.COUNTS_PER_WH
    half_cycle = True
    apparent_counted = True

    def __init__(self, spi, cs, reset, clock, strap=None):
        frames = Frames(spi, cs, self)
        self._frames = frames
        self._want = regs.wanted()
        self._start = StartUp(self, frames, cs, reset, clock=clock, strap=strap, want=self._want)
        self.chip_id = self._start.chip_id
        self.fault = 0
        self.last_fault = 0
        self.crc_errors = 0
        self.address_errors = 0
        self.retries = 0
        self.resets = 0
        self.rejects = 0
        self.repairs = 0
        self._active = frames.poll(0x39F)
        self._reactive = frames.poll(0x3BD)
        self._apparent = frames.poll(0x3B3)
        self._status = frames.poll(regs.STATUS)
        self._events = Events()
        self._avrms = frames.poll(0x203)
        self._airms = frames.poll(0x202)
        self._awatt = frames.poll(0x204)
        self._afvar = frames.poll(0x207)
        self._ava = frames.poll(0x206)
        self._aperiod = frames.poll(0x418)
        # Counters at the last accepted read, halves: what the next difference is taken from.
        self._active_hi = self._active_lo = 0
        self._reactive_hi = self._reactive_lo = 0
        self._apparent_hi = self._apparent_lo = 0
        self._have_base = False
        self._told = False  # that the chip was found in reset
        self._unknown_gap = False  # the time since the base is not known: the MCU was in reset
        self._last_ms = 0
        self._bad_passes = 0
        self._bad_since = 0
        self._reject_streak = 0
        self._health_ms = 0
        self._turn = 0
        self._still = 0
        self._audit_at = 0
        self._sweep_left = 0
        self._sweep_repairs = 0
        self._new_golden = False
        self._no_load = 0
        self._live = False

    # -- calibration and snapshot ---------------------------------------------------------------------------
    def configure(self, record):
        """Take a calibration payload (layout: ade9153a_regs.calibrate) or None. raises: ADE9153AError(BAD_RECORD)

        A chip that is metering is rewritten by the audit of the next passes.
        """
        if not regs.calibrate(self._want, record):
            raise ADE9153AError(BAD_RECORD)
        if self._start.stage == RUNNING:
            self._begin_sweep()
            self._new_golden = True

    def save_snapshot(self, buf, at):
        """16 bytes: three counters (u32 LE), marker, chip identity; zeros: nothing to continue from. allocates: no"""
        if not self._have_base:
            i = 0
            while i < 16:
                buf[at + i] = 0
                i += 1
            return
        pack_into(
            "<HHHHHHHH",
            buf,
            at,
            self._active_lo,
            self._active_hi,
            self._reactive_lo,
            self._reactive_hi,
            self._apparent_lo,
            self._apparent_hi,
            _MARKER,
            self._start.identity,
        )

    def load_snapshot(self, buf, at):
        """Continue from a saved snapshot, before the first `read_into`; one that is not valid is ignored."""
        if _get(buf, at + 12) != _MARKER:
            return
        self._active_lo = _get(buf, at)
        self._active_hi = _get(buf, at + 2)
        self._reactive_lo = _get(buf, at + 4)
        self._reactive_hi = _get(buf, at + 6)
        self._apparent_lo = _get(buf, at + 8)
        self._apparent_hi = _get(buf, at + 10)
        self._have_base = True
        self._start.probe(_get(buf, at + 14))

    def events_into(self, record):
        """See docs/architecture.md. allocates: no"""
        self._events.take(record)

    # -- the one read ---------------------------------------------------------------------------------------
    def read_into(self, sample, now_ms, quantities):  # noqa: C901  one line after the other is cheaper than calls
        """See docs/architecture.md. allocates: no"""
        sample.flags = 0
        sample.active_counts = 0
        sample.reactive_counts = 0
        sample.apparent_counts = 0
        start = self._start
        if start.stage != RUNNING:
            self._bring_up(sample, now_ms)
            return
        f = self._frames
        rx = f.rx
        if not f.read(self._active):
            self._unreadable(sample, now_ms)
            return
        active_hi = rx[2] << 8 | rx[3]
        active_lo = rx[4] << 8 | rx[5]
        if not f.read(self._reactive):
            self._unreadable(sample, now_ms)
            return
        reactive_hi = rx[2] << 8 | rx[3]
        reactive_lo = rx[4] << 8 | rx[5]
        if not f.read(self._apparent):
            self._unreadable(sample, now_ms)
            return
        apparent_hi = rx[2] << 8 | rx[3]
        apparent_lo = rx[4] << 8 | rx[5]
        # After the energies: a chip that reset itself before they were read cannot hide it.
        if not f.read(self._status):
            self._unreadable(sample, now_ms)
            return
        told = rx[2] & 0xC0  # CHIP_STAT, EVENT_STAT
        if rx[3] & 1:
            if f.read(self._status) and rx[3] & 1:
                self._restart(sample, 0, now_ms)
            else:
                self._unreadable(sample, now_ms)
            return
        if self._bad_passes:
            self._bad_passes = 0
        if self.fault:
            self.fault = 0

        # Without a wrap of the 32 bits, that is nearly always, a call is spared.
        high = active_hi - self._active_hi
        if -_FAR <= high < _FAR:
            active = (high << 16) + active_lo - self._active_lo
        else:
            active = _difference(active_hi, active_lo, self._active_hi, self._active_lo)
        high = reactive_hi - self._reactive_hi
        if -_FAR <= high < _FAR:
            reactive = (high << 16) + reactive_lo - self._reactive_lo
        else:
            reactive = _difference(reactive_hi, reactive_lo, self._reactive_hi, self._reactive_lo)
        high = apparent_hi - self._apparent_hi
        if -_FAR <= high < _FAR:
            apparent = (high << 16) + apparent_lo - self._apparent_lo
        else:
            apparent = _difference(apparent_hi, apparent_lo, self._apparent_hi, self._apparent_lo)
        waited_ms = (now_ms - self._last_ms) & _TICKS
        if self._plausible(active, reactive, apparent, waited_ms):
            sample.active_counts = active
            sample.reactive_counts = reactive
            sample.apparent_counts = apparent
            sample.flags = _ENERGY | self._no_load
            self._active_hi = active_hi
            self._active_lo = active_lo
            self._reactive_hi = reactive_hi
            self._reactive_lo = reactive_lo
            self._apparent_hi = apparent_hi
            self._apparent_lo = apparent_lo
            self._last_ms = now_ms
            if self._unknown_gap:
                self._unknown_gap = False
            if self._reject_streak:
                self._reject_streak = 0
        else:
            self.rejects += 1
            self._reject_streak += 1
            sample.flags = _SUSPECT
            if self._reject_streak >= _REJECTS:
                self._restart(sample, IMPLAUSIBLE, now_ms)
                return
        if told:
            if told & 0x80 and f.fetch(regs.CHIP_STATUS) and f.lo & 0x0F:
                self._restart(sample, CHIP_ERROR, now_ms)
                return
            if told & 0x40 and self._events.look(f):
                sample.flags |= _EVENT
        if quantities:
            self._quantities(sample)
        if self._sweep_left:
            self._sweep(sample, now_ms)
        elif (now_ms - self._health_ms) & _TICKS >= _HEALTH_MS and (quantities or waited_ms < _LONG_MS):
            self._health_ms = now_ms
            self._health(sample, now_ms)

    def _plausible(self, active, reactive, apparent, waited_ms):
        """Bounded by 1.5 times the meter's power; apparent energy only grows, and covers the other two."""
        waited = _LONGEST_MS
        if not self._unknown_gap:
            waited = waited_ms + _MARGIN_MS if waited_ms < _LONGEST_MS - _MARGIN_MS else _LONGEST_MS
        limit = waited * _COUNTS_PER_MS
        # About 10 W of offset and noise, and window ends between the first counter's read and the last one's.
        slack = waited + _SKEW_COUNTS
        if apparent < 0 or apparent > limit or active > limit or reactive > limit:
            return False
        slack += apparent + (apparent >> 4)
        return -slack <= active <= slack and -slack <= reactive <= slack

    def _unreadable(self, sample, now_ms):
        # Nothing is lost yet: the counts stay in the chip.
        sample.flags = _SUSPECT
        if self._bad_passes == 0:
            self._bad_since = now_ms
        self._bad_passes += 1
        if self._bad_passes < _BAD_PASSES:
            return
        fault = self._start.line_fault()
        self.fault = self.last_fault = fault
        limit = _HIGH_MS if self._frames.failure == HIGH else _BAD_MS
        if (now_ms - self._bad_since) & _TICKS >= limit:
            self._restart(sample, fault, now_ms)

    # -- start and restart ----------------------------------------------------------------------------------
    def _restart(self, sample, fault, now_ms):
        """The chip must be started again. What was accepted in this pass stays accepted."""
        self.resets += 1
        self._told = True
        self._have_base = False
        self._bad_passes = 0
        self._start.restart(fault)
        sample.flags = sample.flags & _ENERGY | _RESTARTED | _DOWN
        self._start.step(now_ms)

    def _bring_up(self, sample, now_ms):
        start = self._start
        done = start.step(now_ms)
        sample.flags = _DOWN
        if done:
            if start.adopted:
                self._unknown_gap = True
            else:
                # RUN 0 -> 1 cleared the counters, EP_CFG let them go: nothing before that was counted.
                self._active_hi = self._active_lo = 0
                self._reactive_hi = self._reactive_lo = 0
                self._apparent_hi = self._apparent_lo = 0
                self._unknown_gap = False
                self._last_ms = start.energised_ms
            self._have_base = True
            self._told = True
            self._reject_streak = 0
            self._still = 0
            self._sweep_left = 0
            self._new_golden = False
            self._health_ms = now_ms
            self._events.forget(self._frames)
        elif not self._told and not start.probing():
            # Nothing to continue from, or the chip that the snapshot came from did not keep its counts.
            self._told = True
            if self._have_base:
                self._have_base = False
                self.resets += 1
            sample.flags = _DOWN | _RESTARTED

    # -- health ---------------------------------------------------------------------------------------------
    def _health(self, sample, now_ms):
        """One look a second: DSP heartbeat, configuration CRC, one register of the configuration, in turn."""
        turn = self._turn
        self._turn = turn + 1 if turn < 2 else 0
        f = self._frames
        events = self._events
        if (events.active or events.again) and events.look(f):  # its end may have been missed
            sample.flags |= _EVENT
        if turn == 0:
            # VPEAK clears on read: on a live line a DSP that runs fills it again within a half cycle.
            if self._live and f.fetch(regs.VPEAK):
                if f.hi | f.lo:
                    self._still = 0
                else:
                    self._still += 1
                    self._turn = 0
                    if self._still >= 2:
                        self._restart(sample, FROZEN, now_ms)
        elif turn == 1:
            if f.fetch(regs.CRC_RSLT):
                if self._new_golden:
                    self._start.golden = f.lo
                    self._new_golden = False
                elif f.lo != self._start.golden:
                    self._begin_sweep()
        else:
            self._check(sample, now_ms)

    def _begin_sweep(self):
        self._audit_at = 0
        self._sweep_left = len(self._want) // 3
        self._sweep_repairs = 0

    def _sweep(self, sample, now_ms):
        n = _SWEEP
        while n and self._sweep_left and self._start.stage == RUNNING:
            self._sweep_left -= 1
            n -= 1
            self._check(sample, now_ms)
        if self._sweep_left == 0 and self._start.stage == RUNNING:
            f = self._frames
            if f.fetch(regs.RUN) and not f.lo & 1:
                self._restart(sample, FROZEN, now_ms)
            elif self._sweep_repairs == 0 and not self._new_golden and f.fetch(regs.CRC_RSLT):
                if f.lo != self._start.golden:  # something changed that cannot be seen, so it cannot be repaired
                    self._restart(sample, CONFIG, now_ms)

    def _check(self, sample, now_ms):
        """Compare one register of the configuration; rewrite it when it differs."""
        want = self._want
        f = self._frames
        i = self._audit_at
        self._audit_at = i + 3 if i + 3 < len(want) else 0
        if not f.fetch(want[i]) or (f.hi == want[i + 1] and f.lo == want[i + 2]):
            return
        f.send(regs.WR_LOCK, 0, regs.UNLOCK)
        stored = f.store(want[i], want[i + 1], want[i + 2])
        f.send(regs.WR_LOCK, 0, regs.LOCK)
        if not f.holds(regs.WR_LOCK, 0, 1):
            f.send(regs.WR_LOCK, 0, regs.LOCK)
        if stored:
            self.repairs += 1
            self._sweep_repairs += 1
            sample.flags |= _REPAIRED
        else:
            self._restart(sample, CONFIG, now_ms)

    # -- quantities -----------------------------------------------------------------------------------------
    def _quantities(self, sample):
        f = self._frames
        rx = f.rx
        if not f.read(self._avrms):
            return
        millivolts = _scaled(rx, 111487, 11)  # 13290.263 nV a code
        if not f.read(self._airms):
            return
        milliamps = _scaled(rx, 46875, 12)  # 2793.950 nA a code
        if not f.read(self._awatt):
            return
        active = _scaled_signed(rx)
        if not f.read(self._afvar):
            return
        reactive = _scaled_signed(rx)
        if not f.read(self._ava):
            return
        apparent = _scaled(rx, 163310, 3)  # 4983.818 uW a code
        if not f.read(self._aperiod):
            return
        live = millivolts >= _LIVE_MV
        sample.rms_voltage_mv = millivolts
        sample.rms_current_ma = milliamps
        sample.active_power_mw = active
        sample.reactive_power_mvar = reactive
        sample.apparent_power_mva = apparent
        sample.power_factor_x1000 = _power_factor(active, apparent)
        # APERIOD of a dead line reads as the nominal frequency (p. 27).
        sample.frequency_hz_x1000 = _millihertz(rx) if live else 0
        self._live = live
        self._no_load = _NO_LOAD if -_NO_LOAD_MW < active < _NO_LOAD_MW else 0
        sample.flags = sample.flags & ~_NO_LOAD | _QUANTITIES | self._no_load


def _get(buf, at):
    return buf[at] | buf[at + 1] << 8


def _difference(hi, lo, base_hi, base_lo):
    """(hi:lo) - (base_hi:base_lo) modulo 2**32, signed; _TOO_FAR when it is not within +-2**29. Halves of 16 bits."""
    low = lo - base_lo
    high = hi - base_hi
    if low < 0:
        low += 0x10000
        high -= 1
    high &= 0xFFFF
    if high >= 0x8000:
        high -= 0x10000
    if -_FAR <= high < _FAR:
        return (high << 16) + low
    return _TOO_FAR


def _scaled(rx, factor, shift):
    """Code in rx[2:6] times `factor` / 2**(12 + shift), in two parts that stay small ints; clamped above full scale."""
    upper = min(rx[2] << 12 | rx[3] << 4 | rx[4] >> 4, 0x3F000000 // factor)
    lower = (rx[4] & 0x0F) << 8 | rx[5]
    return (upper * factor + (lower * factor >> 12)) >> shift


def _scaled_signed(rx):
    if rx[2] & 0x80:
        lo = 0x10000 - (rx[4] << 8 | rx[5])
        hi = 0xFFFF - (rx[2] << 8 | rx[3]) + (lo >> 16)
        rx[2] = hi >> 8
        rx[3] = hi & 0xFF
        rx[4] = lo >> 8 & 0xFF
        rx[5] = lo & 0xFF
        return -_scaled(rx, 163310, 3)
    return _scaled(rx, 163310, 3)


def _power_factor(active, apparent):
    """P / S x 1000 with the sign of P; 1000 without load."""
    magnitude = -active if active < 0 else active
    while apparent >= 0x100000:
        apparent >>= 1
        magnitude >>= 1
    if apparent == 0:
        return 1000
    factor = (magnitude * 1000 + (apparent >> 1)) // apparent
    factor = min(factor, 1000)
    return -factor if active < 0 else factor


def _millihertz(rx):
    """262 144 000 000 / (APERIOD + 1) = 15625 * 2**24 / n in three steps of long division (p. 27); 0 out of range."""
    hi = rx[2] << 8 | rx[3]
    if not 0x30 <= hi < 0x7F:
        return 0
    n = (hi << 16 | rx[4] << 8 | rx[5]) + 1
    rest = 15625 << 15
    quotient = rest // n
    rest = (rest - quotient * n) << 7
    step = rest // n
    quotient = quotient << 7 | step
    rest = (rest - step * n) << 2
    return (quotient << 2) + rest // n
