# SPDX-License-Identifier: MIT
"""ATM90E26 (M90E26): register-accurate model, SPI side and back-end.

Source: Atmel-46002B (M90E26 datasheet, 2014-11), sections 4 (interface), 5 (registers), 6 (timing); Atmel-46102B
(application note) for what follows a failed check. Not modelled: the UART, 3-wire SPI, zero-crossing output, pulse
widths, harmonics one by one. Frames are in atm90e26_spi.py, energy arithmetic in atm90e26_energy.py.
"""

from collections.abc import Callable
from functools import reduce
from operator import xor

from host_tools.bench.chips import atm90e26_energy as e
from host_tools.bench.chips.atm90e26_readings import EXTENDED, MEASURED, NEVER, Readings
from host_tools.bench.chips.atm90e26_spi import SpiFrames

POR = {
    0x02: 0x000C, 0x03: 0x1D6A, 0x20: 0x6886, 0x21: 0x0015, 0x22: 0xD174, 0x27: 0x08BD, 0x29: 0x0AEC, 0x2B: 0x9422,
    0x30: 0x6886, 0x31: 0x6720, 0x32: 0x7A13, 0x33: 0x7530,
}  # fmt: skip
METERING = range(0x21, 0x2C)
ADJUSTMENT = range(0x31, 0x3B)
WRITABLE = frozenset((0x02, 0x03, 0x04, 0x08, 0x20, *METERING, 0x2C, 0x30, *ADJUSTMENT, 0x3B))

SYS_CAL_ERR, SYS_ADJ_ERR = 0xC000, 0x3000
SYS_REVQ, SYS_REVP, SYS_SAG = 0x40, 0x20, 0x02
STARTED, CALIBRATING, OFF = 0x8765, 0x5678, 0x6886

POR_DELAY_US = 5_000  # T1, 46002B table 12


def checksum(words):
    """46002B 5.3: low byte the sum of all bytes modulo 256, high byte their exclusive or."""
    octets = [b for w in words for b in (w >> 8, w & 0xFF)]
    return reduce(xor, octets, 0) << 8 | sum(octets) & 0xFF


class ATM90E26Model(SpiFrames, Readings):
    """SPI device (select, exchange, power) and its back-end.

    pins: MMD1:MMD0, the line mode. Levels: irq, warnout. Pulses: cf1, cf2 (counts), record_edges() for their times
    in us. Faults: force_reset(), corrupt(address, mask), and those of SpiFrames. Parameters that the datasheet
    leaves open are unverified: scan_us (period of the checksum check), soft_reset_us, reading_us (life of one noisy
    reading), write_sets_last (does a discarded write of a read-only address load LastData).
    """

    units_per_wh = e.UNITS_PER_WH

    def __init__(  # noqa: PLR0917
        self,
        clock,
        errors,
        rng,
        pins=1,
        shunt_uohm=200,
        divider=880,
        neutral_mv_per_a=4.8,
        scan_us=1_000_000,
        soft_reset_us=POR_DELAY_US,
        reading_us=1_000_000,
        noise_block_us=60_000_000,
        write_sets_last=True,
    ):
        super().__init__(clock, errors, rng)
        self.pins = pins
        self.line = e.Line(shunt_uohm * 1e-3, divider, errors)
        self.neutral = e.Line(neutral_mv_per_a, divider, errors)
        self.scan_us = scan_us
        self.soft_reset_us = soft_reset_us
        self.reading_us = reading_us
        self.noise_block_us = noise_block_us
        self.write_sets_last = write_sets_last
        self.seed = rng.getrandbits(64)
        self._drawn = (-1, 0.0, 0.0)  # noise block and its two draws
        self.active = e.EnergyChannel()
        self.reactive = e.EnergyChannel()
        self._past = {"active": 0, "reactive": 0}  # units accumulated before the last reset
        self._acknowledged = {"active": 0, "reactive": 0}
        self._lost = {"active": 0, "reactive": 0}
        self._init_frames()
        self._readers = self._make_readers()
        self._t = clock.now_us
        self._ready_us = NEVER
        self.powered = False
        self.resets = 0  # since the model was made, the first power-on not counted
        self._clear_state()
        self.power(True)
        self.resets = 0

    # Back-end: the world

    def power(self, on):
        """Supply comes (registers at their defaults, deaf for T1) or goes (everything volatile is lost)."""
        self.advance()
        if on == self.powered:
            return
        self._go_down()
        self.powered = on
        self._ready_us = self.clock.now_us + POR_DELAY_US if on else NEVER
        self._refresh()

    def force_reset(self):
        """Brown-out or a disturbance: back as a healthy-looking meter that counts nothing."""
        self._reset(POR_DELAY_US)

    def corrupt(self, address, mask):
        """Bits of a register flip by themselves; the checksum scan will find it in 21-2B and 31-3A."""
        self.advance()
        self.regs[address] ^= mask
        self._pl = self.regs[0x21] << 16 | self.regs[0x22]
        self._schedule_scan(address)
        self._refresh()

    def set_neutral(self, current_x1000):
        """Current of the neutral conductor as a fraction of the live one; 1000 = the same."""
        self.advance()
        self.neutral.current_x1000 = current_x1000
        self._refresh()

    def record_edges(self):
        self.active.edges, self.reactive.edges = [], []

    @property
    def cf1(self):
        self.advance()
        return self.active.pulses

    @property
    def cf2(self):
        self.advance()
        return self.reactive.pulses

    @property
    def irq(self):
        self.advance()
        return int(self.status != 0)

    @property
    def warnout(self):
        self.advance()
        return int(bool(self.status & SYS_CAL_ERR) or bool(self.status & SYS_SAG and self.regs[0x02] & 0x10))

    def next_edge_us(self, now_us):
        """When WarnOut rises because of a sag, as far as the present point decides it; None: not foreseen."""
        if self._sag_at == NEVER or self.regs[0x02] & 0x30 != 0x30 or self.warnout:
            return None
        return None if self._sag_at == NEVER else self._sag_at

    # The account: unwrapped == acknowledged + held + lost

    def _channel(self, kind):
        return {"active": self.active, "reactive": self.reactive}.get(kind)

    def unwrapped(self, kind):
        """Units ever accumulated, forward less reverse; 0 for apparent: the part has no such register."""
        self.advance()
        channel = self._channel(kind)
        return self._past[kind] + channel.net() if channel else 0

    def acknowledged(self, kind):
        return self._acknowledged.get(kind, 0)

    def held(self, kind):
        """Units in the chip, unread."""
        self.advance()
        channel = self._channel(kind)
        return channel.held_units(e.FORWARD) - channel.held_units(e.REVERSE) if channel else 0

    def lost(self, kind):
        """Units that went down with a reset or round at a wrap."""
        self.advance()
        return self._lost.get(kind, 0)

    def _lose(self, channel, forward, reverse, quiet=False):
        """`quiet`: the world has already booked this energy as not measured."""
        kind = "active" if channel is self.active else "reactive"
        self._lost[kind] += forward - reverse
        for units in (forward, -reverse):
            if units and not quiet:
                self.lost_at_reset(units if kind == "active" else 0, units if kind == "reactive" else 0, 0)

    # Resets

    def _clear_state(self):
        self.regs = [0] * 128
        for address, word in POR.items():
            self.regs[address] = word
        self._pl = 0x0015D174
        self.last = 0
        self.status = 0
        self.cal_error = self.adj_error = False
        self._cal_check = self._adj_check = NEVER
        self._cal_start = self._adj_start = 0
        self._running = [False, False]
        self._sag_at = NEVER
        self._sagging = False
        self.on_neutral = False
        self._readings = dict.fromkeys(MEASURED, (0, 0))
        self._fresh = {}
        self._fresh_slot = -1
        self._rates = (0, 0)
        self._counting = False
        self._block = -1
        self._next = 0

    def _go_down(self):
        """Everything volatile goes, energy not read included."""
        quiet = self.regs[0x20] == CALIBRATING
        for channel, kind in ((self.active, "active"), (self.reactive, "reactive")):
            self._past[kind] += channel.net()
            self._lose(channel, channel.held_units(e.FORWARD), channel.held_units(e.REVERSE), quiet)
            channel.clear()
        self._clear_state()
        self.resets += 1

    def _reset(self, delay_us):
        self.advance()
        self._go_down()
        self._ready_us = self.clock.now_us + delay_us if self.powered else NEVER
        self._refresh()

    def _alive(self):
        self.advance()
        return self._ready_us == -1

    # Time

    def advance(self):
        now = self.clock.now_us
        if now >= self.until_us:
            self.settle()
        t = self._t
        if now == t:
            return
        while self._next <= now:
            at = self._next
            if at > t:
                self._span(t, at)
                t = at
            self._t = t
            self._event(t)
        if now > t:
            self._span(t, now)
        self._t = self.settled_us = now

    def _span(self, start, end):
        """Nothing changes from start to end (us): one closed form."""
        us = end - start
        if not self._counting:
            self.not_counting(us)
            return
        if self.regs[0x20] == CALIBRATING:
            self.not_counting(us)  # with whatever gains are being loaded: the registers move, the meter does not count
        p, q = self._rates
        mode = self.regs[0x2B]
        if p:
            channel = self.active
            was = channel.reversed
            if channel.add(p * us, start, p, bool(mode & 0x80)) and channel.reversed != was and self.regs[0x02] & 0x04:
                self.status |= SYS_REVP
            if channel.wrapped[0] or channel.wrapped[1]:
                self._wrap(channel)
        if q:
            channel = self.reactive
            was = channel.reversed
            if channel.add(q * us, start, q, bool(mode & 0x40)) and channel.reversed != was and self.regs[0x02] & 0x08:
                self.status |= SYS_REVQ
            if channel.wrapped[0] or channel.wrapped[1]:
                self._wrap(channel)

    def _wrap(self, channel):
        forward, reverse = channel.wrapped
        channel.wrapped = [0, 0]
        self._lose(channel, forward * e.UNITS_PER_COUNT, reverse * e.UNITS_PER_COUNT)

    def _event(self, t):
        if 0 <= self._ready_us <= t:
            self._ready_us = -1
            self._watch_sag()
        if self._cal_check <= t:
            if self._sum_ok(METERING, 0x2C):
                self._cal_check = NEVER
            else:
                self._cal_check = t + self.scan_us
                self.cal_error = True
                self.status |= SYS_CAL_ERR
        if self._adj_check <= t:
            if self._sum_ok(ADJUSTMENT, 0x3B):
                self._adj_check = NEVER
            else:
                self._adj_check = t + self.scan_us
                self._freeze()
                self.adj_error = True
                self.status |= SYS_ADJ_ERR
        if self._sag_at <= t:
            self._sag_at = NEVER
            self._sagging = True
            if self.regs[0x02] & 0x20:
                self.status |= SYS_SAG
        self._refresh()

    def point_changed(self):
        self._watch_sag()
        self._refresh()

    # What the point means to the chip

    def _sum_ok(self, block, address):
        return checksum([self.regs[a] for a in block]) == self.regs[address]

    def _refresh(self):
        """Recompute the rates and the next moment at which something changes without the world or the master."""
        self._fresh.clear()
        t = self._t
        self._plain = False  # the next frame looks again
        start = self.regs[0x20]
        self._counting = self._ready_us == -1 and start in (STARTED, CALIBRATING) and not self.cal_error
        block = t // self.noise_block_us
        self._block = block
        self._rates = self._rate_pair() if self._counting else (0, 0)
        boundary = (block + 1) * self.noise_block_us if self.errors.noise_mw else NEVER
        ready = NEVER if self._ready_us == -1 else self._ready_us
        self._next = min(boundary, ready, self._cal_check, self._adj_check, self._sag_at)

    # Registers

    def _make_readers(self):
        readers: list[Callable[..., int] | None] = [None] * 128
        for n, (channel, kind) in enumerate(((self.active, "active"), (self.reactive, "reactive"))):
            for register in (e.FORWARD, e.REVERSE, e.ABSOLUTE):
                readers[0x40 + 3 * n + register] = self._energy_reader(channel, kind, register)
        for address in MEASURED:
            readers[address] = self._measure_reader(address)
        readers[0x01] = self._read_status
        readers[0x06] = self._read_last
        readers[0x2C] = lambda clear=True: checksum([self.regs[a] for a in METERING])
        readers[0x3B] = lambda clear=True: checksum([self.regs[a] for a in ADJUSTMENT])
        readers[0x46] = self._read_energy_status
        return readers

    def _energy_reader(self, channel, kind, register):
        sign = (e.UNITS_PER_COUNT, -e.UNITS_PER_COUNT, 0)[register]

        def read(clear=True):
            self.advance()
            if not clear:
                return channel.held(register)
            self.energy_read_us = self.clock.now_us
            count = channel.take(register)
            if count:
                self._acknowledged[kind] += count * sign
            return count

        return read

    def _measure_reader(self, address):
        loads = address in EXTENDED

        neutral = 0x68 <= address

        def read(clear=True):
            # The accumulators can wait for an energy register; what changes a reading cannot.
            now = self.clock.now_us
            if self._next <= now or self.until_us <= now:
                self.advance()
            word, low = (self._measure(neutral) if self._measuring() else self._readings)[address]
            if clear and loads:
                self.regs[0x08] = low
            return word

        return read

    def _read_status(self, clear=True):
        self.advance()
        word = self.status
        if clear:
            self.status = 0
        return word

    def _read_last(self, clear=True):
        return self.last

    def _read_energy_status(self, clear=True):
        self.advance()
        word = self.pins | (0 if self.on_neutral else 0x0800)
        word |= (0 if self._running[0] else 0x4000) | (0 if self._running[1] else 0x8000)
        mode = self.regs[0x2B]
        if self.active.reversed and not mode & 0x80:
            word |= 0x1000
        if self.reactive.reversed and not mode & 0x40:
            word |= 0x2000
        return word

    def _write(self, address, word):
        if address == 0x00:
            if word == 0x789A:
                self._reset(self.soft_reset_us)
            return
        if address not in WRITABLE:
            if self.write_sets_last:
                self.last = word
            return
        self.advance()
        self.last = word
        if address == 0x20:
            self._start_metering(word)
        elif address == 0x30:
            self._start_measuring(word)
        elif address != 0x08:
            self.regs[address] = word
            if address == 0x22:
                self._pl = self.regs[0x21] << 16 | word  # PLconstH is taken with PLconstL
            elif address in (0x02, 0x03):
                self._watch_sag()
                if self._sagging and word & 0x20 and address == 0x02:
                    self.status |= SYS_SAG
            self._schedule_scan(address)
        self._refresh()

    def _schedule_scan(self, address):
        """The next periodic check sees the change; 46002B says "regularly", the period is a parameter."""
        if 0x21 <= address <= 0x2C and self.regs[0x20] == STARTED:
            self._cal_check = self._next_scan(self._cal_start)
        elif 0x31 <= address <= 0x3B and self.regs[0x30] == STARTED:
            self._adj_check = self._next_scan(self._adj_start)

    def _next_scan(self, start):
        return start + ((self._t - start) // self.scan_us + 1) * self.scan_us

    def _start_metering(self, word):
        self.regs[0x20] = word
        self.cal_error = word not in (STARTED, CALIBRATING, OFF)
        self._cal_check = NEVER
        if word == CALIBRATING:
            for a in METERING:
                self.regs[a] = POR.get(a, 0)
            self._pl = 0x0015D174
        elif word == STARTED:
            self._cal_start = self._t
            if not self._sum_ok(METERING, 0x2C):
                self.cal_error = True
                self._cal_check = self._t + self.scan_us
        if word != OFF:
            self.status &= ~SYS_CAL_ERR
        if self.cal_error:
            self.status |= SYS_CAL_ERR

    def _start_measuring(self, word):
        self._freeze()
        self.regs[0x30] = word
        self.adj_error = word not in (STARTED, CALIBRATING, OFF)
        self._adj_check = NEVER
        if word == CALIBRATING:
            for a in ADJUSTMENT:
                self.regs[a] = POR.get(a, 0)
        elif word == STARTED:
            self._adj_start = self._t
            if not self._sum_ok(ADJUSTMENT, 0x3B):
                self.adj_error = True
                self._adj_check = self._t + self.scan_us
        if word != OFF:
            self.status &= ~SYS_ADJ_ERR
        if self.adj_error:
            self.status |= SYS_ADJ_ERR
