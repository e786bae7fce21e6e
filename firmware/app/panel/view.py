# SPDX-License-Identifier: MIT
"""What the panel reads of the meter: plain ints, overwritten in place by whoever keeps it, read once a tick."""

from micropython import const

# contactor[]
OPEN = const(0)
CLOSED = const(1)
ARMED = const(2)  # open, may be closed by the consumer
ABSENT = const(3)  # not fitted
BOOST = const(4)  # auxiliary relay closed by a boost

# han_state
HAN_OFF = const(0)
HAN_JOINING = const(1)
HAN_JOINED = const(2)


class View:
    """wh: whole Wh / varh / VAh as persisted, six an element in the order of app.metrology.registers, element 1
    first.

    restored: 0 until the registers have been read from the store. quantities_valid: the RMS values are fresh. Power
    is import > 0. clock_valid: the UTC fields are. contactor: K1 primary, K2 secondary, K3 auxiliary. han_level: 0..4
    bars. active_elements: bit 0 / 1 = element 1 / 2 carries more than its starting current. service: service or test
    mode. edition: moved on by whoever keeps the view with every change of anything but `wh` and the time; -1: nobody does,
    the panel has to look at everything each time.
    """

    __slots__ = (
        "active_elements",
        "active_power_mw",
        "battery",
        "clock_valid",
        "contactor",
        "day",
        "edition",
        "frequency_hz_x1000",
        "han_level",
        "han_state",
        "hour",
        "minute",
        "month",
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
        self.wh = [0] * (6 * elements)
        self.restored = 0
        self.quantities_valid = 0
        self.rms_voltage_mv = 0
        self.rms_current_ma = 0
        self.active_power_mw = 0
        self.reactive_power_mvar = 0
        self.power_factor_x1000 = 1000
        self.frequency_hz_x1000 = 0
        self.clock_valid = 0
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
