# SPDX-License-Identifier: MIT
"""ATM90E26 (M90E26) energy-metering IC as a FrontEnd (docs/architecture.md), over 4-wire SPI.

Source: Atmel-46002B (M90E26 datasheet), Atmel-46102B (application note). Wiring: SPI mode 3 at no more than 136 kHz
(`SoftSPI`, baudrate 125000), nobody else on the bus, pull-up on MISO, MMD pins 01 (L line).

The chip clears its energy registers as they are read, wakes from any reset as a healthy-looking meter that counts
nothing, and has no checksum on the wire. What is done about each: atm90e26_link.py (damaged frames),
atm90e26_energy.py (another register answered), atm90e26_setup.py (start, heartbeat, checks), atm90e26_readings.py
(RMS values). This file puts them in order.

Energy: 0.1 pulse at 1000 pulses a kWh = 0.1 Wh a count. The profile calibrates the current at half scale (Irms tops
at 65.5 A).

    meter = ATM90E26(SoftSPI(baudrate=125000, polarity=1, phase=1, ...), Pin(5, Pin.OUT), time)
    meter.read_into(sample, time.ticks_ms(), True)
"""

from micropython import const

from drivers.atm90e26_direction import Direction
from drivers.atm90e26_energy import EnergyPass
from drivers.atm90e26_link import Link
from drivers.atm90e26_profile import Profile
from drivers.atm90e26_readings import Readings
from drivers.atm90e26_setup import Setup

# Sample flags (docs/architecture.md)
_ENERGY = const(1)
_QUANTITIES = const(2)
_RESTARTED = const(4)
_DOWN = const(8)
_SUSPECT = const(16)
_NO_LOAD = const(32)
_REPAIRED = const(64)
_EVENT = const(128)

_SYS_STATUS = const(0x01)
_STATUS_UNUSED = const(0x0F1D)
_SAG = const(0x02)
_EVENT_SAG = const(4)  # as FrontEnd.events_into has it
_SAG_MV = const(179_400)  # 78 % of 230 V, where the profile puts SagTh
_RUNNING = const(0x8765)

_INSPECT_MS = const(60_000)
_STALL_MS = const(746_000)  # 80 % of the 932.5 s in which a register wraps at 253 V, 100 A
_TICK_HALF = const(1 << 29)


def _since(now_ms, before_ms):
    """Milliseconds between two ticks that wrap at 2**30."""
    d = now_ms - before_ms
    return d if d >= 0 else d + _TICK_HALF + _TICK_HALF


class ATM90E26:
    """One metering element.

    fault: int, why the part does not answer as it should, 0 = none (codes in atm90e26_setup.py). events: int,
    SysStatus bits seen since the owner cleared them (80 line change, 40 reactive and 20 active direction, 02 sag).
    discarded_active and discarded_reactive: signed counts that were thrown away at starts, metered while the
    configuration was being loaded.
    """

    counts_per_wh = 10
    apparent_counted = False
    half_cycle = False

    def __init__(self, spi, cs, clock, profile=None, warn=None):
        """spi: MicroPython SPI; cs: Pin; clock: the `time` module or its like; profile: see configure(). warn: WarnOut, Pin or
        None: without it a sag is noticed when the status is next read, within a second. The bus is not touched.
        """
        self.warn = warn
        self._sag = 0
        self.chip_id = bytes(8)
        self._link = Link(spi, cs, clock)
        self._energy = EnergyPass(self._link)
        self._setup = Setup(self._link)
        self._readings = Readings(self._link)
        self._direction = Direction(self._link)
        self.resets = 0
        self.events = 0
        self.discarded_active = 0
        self.discarded_reactive = 0
        self._found_active = 0  # counts taken before a chip that runs was looked through
        self._found_reactive = 0
        self._rejects = 0
        self._clean_ms = -1  # tick of the last pass in which all added up; -1: never, anything may have been counted
        self._read_ms = -1
        self._inspect_ms = 0
        self.configure(profile)

    @property
    def fault(self):
        return self._setup.fault

    @property
    def crc_errors(self):
        return self._link.mismatches

    @property
    def retries(self):
        return self._link.retries

    @property
    def address_errors(self):
        return self._energy.errors

    @property
    def rejects(self):
        return self._rejects + self._energy.rejects

    def configure(self, record):
        """Calibration payload (44 bytes, atm90e26_profile.py) or None for nominal gains; the next reads load it.

        raises: ATM90E26Error, code BAD_RECORD   allocates: yes
        """
        profile = Profile(record)
        self._setup.adopt(profile)
        self._readings.turn = profile.turn

    def save_snapshot(self, buf, at):
        """16 bytes. The chip keeps what was not read and is at zero after a read: a marker is all there is to keep."""
        if buf[at] != 0x26:  # not yet ours: a record holds what was last packed into it
            buf[at] = 0x26
            for n in range(at + 1, at + 16):
                buf[n] = 0

    def load_snapshot(self, buf, at):
        """Nothing: the chip's registers themselves say what flowed while the MCU was away."""

    def events_into(self, record):
        """See docs/architecture.md: that a sag began is all this part tells (46102B 2.3.2: within 30 ms). allocates: no"""
        record[0] = 0
        record[1] = self._sag
        record[2] = _SAG_MV
        record[3] = 0
        self._sag = 0

    def read_into(self, sample, now_ms, quantities):
        """One pass, or one step of a start: FrontEnd.read_into. allocates: no   context: tick"""
        sample.active_counts = 0
        sample.reactive_counts = 0
        sample.apparent_counts = 0
        setup = self._setup
        if setup.step:
            sample.flags = self._start(now_ms)
            if sample.flags:
                return
        if not setup.heartbeat():
            self._link.retries += 1
            if not setup.confirm():
                sample.flags = self._heartbeat_lost()
                return
        setup.fault = 0
        self._link.shown = _RUNNING
        flags = _ENERGY | self._read_energy(sample, now_ms)
        if not setup.functions_kept():
            flags |= _REPAIRED
        if self.warn is not None and self.warn():
            flags |= self._read_status()
        if quantities:
            flags |= self._read_status()
            if not setup.step:
                if self._readings.read(sample):
                    flags |= _QUANTITIES
                else:
                    flags |= _SUSPECT
                    self._rejects += 1
            if _since(now_ms, self._inspect_ms) >= _INSPECT_MS and not setup.step:
                self._inspect_ms = now_ms
                if not setup.inspect():
                    flags |= _REPAIRED
        if self._readings.no_load:
            flags |= _NO_LOAD
        if setup.step:  # an upkeep above gave up and asked for a reset; what was counted is in this pass
            flags |= _RESTARTED
            self.resets += 1
        sample.flags = flags

    def _start(self, now_ms):
        """One step. returns: flags; 0: the chip was found running as it should, nothing was lost"""
        self._direction.forget()
        setup = self._setup
        adopting = setup.adopting()
        if adopting and setup.heartbeat():
            # Its counts first: it may hold many, and one flipped bit in the address of a setting clears an energy register.
            energy = self._energy
            self._link.shown = _RUNNING
            energy.read(0xFFFF)
            self._found_active += energy.active
            self._found_reactive += energy.reactive
        if setup.advance(now_ms):
            self.discarded_active += self._found_active
            self.discarded_reactive += self._found_reactive
            self._found_active = 0
            self._found_reactive = 0
            self.resets += 1
            return _RESTARTED | _DOWN
        if setup.step:
            return _DOWN | _SUSPECT if setup.fault else _DOWN
        self._inspect_ms = now_ms
        if adopting:
            self._read_ms = -1
            self._clean_ms = -1
            return 0
        # Up from a reset: what was metered while the profile was being loaded is worth nothing.
        energy = self._energy
        self._link.shown = -1
        energy.restart()
        energy.read(0xFFFF)
        energy.restart()
        self.discarded_active += energy.active
        self.discarded_reactive += energy.reactive
        self._read_ms = now_ms
        self._clean_ms = now_ms
        return _DOWN

    def _heartbeat_lost(self):
        """The chip was reset, or the lines are dead (then it counts on and keeps its counts). returns: flags"""
        if self._setup.fault:
            return _SUSPECT
        self.resets += 1
        self._setup.reset()
        return _RESTARTED | _DOWN

    def _read_energy(self, sample, now_ms):
        """Take all six registers. returns: flags"""
        flags = 0
        read_ms = self._read_ms
        clean_ms = self._clean_ms
        if read_ms >= 0 and _since(now_ms, read_ms) > _STALL_MS:
            flags = _SUSPECT  # may have gone round unseen
            self._rejects += 1
        self._read_ms = now_ms
        # What could have flowed since the last clean pass: 1.5 x 25.3 kW is 27/256 counts a ms.
        limit = 0xFFFF
        if clean_ms >= 0:
            ms = now_ms - clean_ms
            if ms < 0:
                ms += _TICK_HALF + _TICK_HALF
            if ms < 600_000:
                limit = (ms * 27 >> 8) + 2
        energy = self._energy
        errors = energy.errors
        if energy.read(limit) or clean_ms < 0:
            self._clean_ms = now_ms
        energy.check(self._direction)
        if energy.errors != errors:
            flags = _SUSPECT
        active = energy.active
        reactive = energy.reactive
        if not (-limit <= active <= limit and -limit <= reactive <= limit):
            flags = _SUSPECT
            self._rejects += 1
            active = max(min(active, limit), -limit)
            reactive = max(min(reactive, limit), -limit)
        sample.active_counts = active + self._found_active
        sample.reactive_counts = reactive + self._found_reactive
        self._found_active = 0
        self._found_reactive = 0
        return flags

    def _read_status(self):
        """SysStatus, once a second, after the energy: one bit from AN. returns: flags"""
        status = self._link.take(_SYS_STATUS)
        if self._link.doubt >= 0:
            status = self._link.doubt
        if status & _STATUS_UNUSED:
            return 0  # another register's word
        self.events |= status & 0xE2
        flags = 0
        if status & _SAG:
            self._sag = _EVENT_SAG
            flags = _EVENT
        if status & 0xC000 == 0xC000 or status & 0x3000 == 0x3000:
            self._setup.reset()  # CalErr, AdjErr: Atmel-46102B 2.3 asks for a reset and a full load
            flags |= _REPAIRED
        return flags
