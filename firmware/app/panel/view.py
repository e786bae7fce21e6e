# SPDX-License-Identifier: MIT
"""What the panel reads of the meter: plain ints, overwritten in place by whoever keeps it, read once a tick."""

from micropython import const

from app.clock import civil_from_day, days_from_civil

# contactor[]
OPEN = const(0)
CLOSED = const(1)
ARMED = const(2)  # open, may be closed by the consumer
ABSENT = const(3)  # not fitted
BOOST = const(4)  # auxiliary relay closed by a boost
FAULT_OPEN = const(5)  # open, or nobody knows where, and not as it was told
FAULT_CLOSED = const(6)

# han_state
HAN_OFF = const(0)
HAN_JOINING = const(1)
HAN_JOINED = const(2)


class View:
    """wh: whole Wh / varh / VAh as persisted, six an element in the order of app.metrology.registers, element 1
    first.

    restored: 0 until the registers have been read from the store. quantities_valid: the RMS values are fresh. Power is
    import > 0. clock_valid: the UTC fields are. local: the time shown is local, ahead_h hours ahead of UTC. contactor: K1
    primary, K2 secondary, K3 auxiliary. han_level: 0..4 bars. active_elements: bit 0 / 1 = element 1 / 2 carries more than its
    starting current. service: service or test mode. non_disablement: such a period is active. locked: items are hidden behind
    the PIN. cover_open: the terminal cover is, or the test is enabled. edition: moved on by whoever keeps the view with every
    change of anything but `wh`, quantities and time; -1: nobody does, the panel has to look at everything each time. fresh:
    moved on with every copy of the quantities, by the same. civil: room for whoever works out a date.
    """

    __slots__ = (
        "active_elements",
        "active_power_mw",
        "ahead_h",
        "apparent_power_mva",
        "battery",
        "civil",
        "clock_valid",
        "contactor",
        "cover_open",
        "day",
        "edition",
        "frequency_hz_x1000",
        "fresh",
        "han_level",
        "han_state",
        "hour",
        "local",
        "locked",
        "minute",
        "month",
        "non_disablement",
        "power_factor_x1000",
        "quantities_valid",
        "reactive_power_mvar",
        "restored",
        "reverse",
        "rms_current_ma",
        "rms_voltage_mv",
        "second",
        "service",
        "tamper",
        "warning",
        "wh",
        "year",
    )

    def __init__(self, elements=1):
        self.edition = -1
        self.fresh = 0
        self.wh = [0] * (6 * elements)
        self.restored = 0
        self.quantities_valid = 0
        self.rms_voltage_mv = 0
        self.rms_current_ma = 0
        self.active_power_mw = 0
        self.apparent_power_mva = 0
        self.reactive_power_mvar = 0
        self.power_factor_x1000 = 1000
        self.frequency_hz_x1000 = 0
        self.clock_valid = 0
        self.local = 0
        self.ahead_h = 0
        self.year = 2000
        self.month = 1
        self.day = 1
        self.hour = 0
        self.minute = 0
        self.second = 0
        self.contactor = [ABSENT, ABSENT, ABSENT]
        self.warning = 0
        self.reverse = 0
        self.battery = 0
        self.tamper = 0
        self.service = 0
        self.han_state = HAN_OFF
        self.han_level = 0
        self.active_elements = 0
        self.non_disablement = 0
        self.locked = 0
        self.cover_open = 0
        self.civil = [0, 0, 0]

    def armed(self):
        """A person may close a contactor."""
        contactor = self.contactor
        return contactor[0] == ARMED or contactor[1] == ARMED

    def fault(self):
        """A contactor is not where it was told to be."""
        contactor = self.contactor
        return contactor[0] >= FAULT_OPEN or contactor[1] >= FAULT_OPEN or contactor[2] >= FAULT_OPEN

    def local_date(self):
        """(year x 16 + month) x 32 + day of the local date. allocates: no"""
        if self.hour + self.ahead_h < 24:
            return (self.year * 16 + self.month) * 32 + self.day
        civil = self.civil
        civil_from_day(days_from_civil(self.year, self.month, self.day) + 1, civil)
        return (civil[0] * 16 + civil[1]) * 32 + civil[2]

    def status(self):
        """The error register: bits, lowest first: warning, tamper, battery, reverse, contactor fault, no quantities, no time,
        registers not restored, service or test mode, non-disablement. allocates: no
        """
        bits = 1 if self.warning else 0
        if self.tamper:
            bits |= 2
        if self.battery:
            bits |= 4
        if self.reverse:
            bits |= 8
        if self.fault():
            bits |= 16
        if not self.quantities_valid:
            bits |= 32
        if not self.clock_valid:
            bits |= 64
        if not self.restored:
            bits |= 128
        if self.service:
            bits |= 256
        if self.non_disablement:
            bits |= 512
        return bits
