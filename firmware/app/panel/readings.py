# SPDX-License-Identifier: MIT
"""Where the panel's values come from: one integer a source of app.panel.object_map.

What a meter does not have is None here, and its items are left out instead of showing zeros. Everything is given in once, by
whoever builds the meter, and only read. Members and what is read of them:

* elements: list of Element; `.registers` (wh, residue, counts_per_wh) for the test display, `.sample` of the second one.
* tariff: `tou_wh(i)`, `block_wh(block, group)`, `block_counter(block, group)`, `secondary_tou_wh(i)`, `active_script`,
  `secondary_script`, `price()`. demand: `maximum_w[3]`, `captured_minute[3]`, `last_w[3]`. limiter: `count`.
* supply, second_supply: `state()`, 0..3 of app.supply.control. quality: `under_count`, `over_count`.
* version, device_id, model, type: ASCII, or None (see `identify`). constant_imp_per_kwh. pulse: `count`, or None: the pulses of
  the test are worked out from its energy.
"""

from micropython import const

from app.metrology.registers import advance_wh
from app.panel import object_map as om
from app.panel.view import ABSENT, BOOST, CLOSED, FAULT_CLOSED

NO_VALUE = const(-0x3FFFFFFF)  # dashes; nothing that is shown comes near

# Numbers of the object map that are looked at all the time.
_FINE = const(12)
_QUANTITIES = const(16)
_SECOND_QUANTITIES = const(32)
_TIME = const(48)
_LOCAL_TIME = const(49)
_LOCAL_DATE = const(50)
_VERSION = const(72)
_DEMAND = const(80)
_BLOCK = const(96)
_ACTIVE_POWER = const(16)
_VOLTAGE = const(18)
_CURRENT = const(19)
_POWER_FACTOR = const(20)
_FREQUENCY = const(21)
_APPARENT_POWER = const(22)
_IMPORT_POWER = const(23)
_EXPORT_POWER = const(24)
_REACTIVE_IMPORT_POWER = const(25)
_REACTIVE_EXPORT_POWER = const(26)

_FINE_WINDOW_WH = const(1_000_000)  # eight digits hold six of Wh and two of its hundredths
_PAGE = const(8)  # digits of the glass

_CLOSED = (CLOSED, BOOST, FAULT_CLOSED)


def hexadecimal(raw):
    """ASCII of bytes; boot only."""
    return "".join(["%02X" % byte for byte in raw]).encode()


class Readings:
    """Members: see above. `number`, `has` and `text` do not allocate."""

    __slots__ = (
        "constant_imp_per_kwh",
        "demand",
        "device_id",
        "elements",
        "limiter",
        "model",
        "pulse",
        "quality",
        "second_supply",
        "supply",
        "tariff",
        "type",
        "version",
        "_pulses",
        "_wh",
    )

    def __init__(
        self,
        elements=(),
        version=None,
        constant_imp_per_kwh=1000,
        *,
        tariff=None,
        demand=None,
        limiter=None,
        supply=None,
        second_supply=None,
        quality=None,
        pulse=None,
    ):
        self.elements = elements
        self.version = version
        self.constant_imp_per_kwh = constant_imp_per_kwh
        self.tariff = tariff
        self.demand = demand
        self.limiter = limiter
        self.supply = supply
        self.second_supply = second_supply
        self.quality = quality
        self.pulse = pulse
        self.device_id = None
        self.model = None
        self.type = None
        self._pulses = 0
        self._wh = [0, 0]

    def identify(self, device_id, model, kind):
        """device_id: 8 bytes or None; model, kind: ASCII or None. Boot only."""
        self.device_id = None if device_id is None else hexadecimal(device_id)
        self.model = model
        self.type = kind

    def fine_decimals(self):
        """Decimals of a Wh that the chip resolves: 2, 1 or 0."""
        if not self.elements:
            return 0
        per = self.elements[0].registers.counts_per_wh
        return 2 if per >= 100 else 1 if per >= 10 else 0

    def begin_test(self):
        """The pulses of the test are counted from here."""
        if self.pulse is not None:
            self._pulses = self.pulse.count
        elif self.elements:
            wh = self.elements[0].registers.wh
            self._wh[0] = wh[0]
            self._wh[1] = wh[1]

    def has(self, source, view):
        """Whether the meter has such a thing at all."""
        if source < _FINE:
            return source < len(view.wh)
        if source < _QUANTITIES:
            return bool(self.elements)
        if source < _SECOND_QUANTITIES:
            return True
        if source < _TIME:
            return len(self.elements) > 1
        if source >= _BLOCK:
            return self.tariff is not None and (
                not om.SECONDARY_TOU <= source < om.BLOCK_COUNTER or self.tariff.secondary_script > 0
            )
        if source >= _DEMAND:
            return self.demand is not None
        if source >= _VERSION:
            return self.text(source) is not None
        return self._has_state(source, view)

    def _has_state(self, source, view):
        if source == om.SUPPLY_STATE:
            return self.supply is not None
        if source == om.SECOND_STATE:
            return self.second_supply is not None
        if source == om.AUX_STATE:
            return view.contactor[2] != ABSENT
        if source == om.LOAD_LIMIT_COUNT:
            return self.limiter is not None
        if source == om.PULSES:
            return self.pulse is not None or bool(self.elements)
        if om.UNDER_COUNT <= source <= om.OVER_COUNT:
            return self.quality is not None
        if source == om.SECONDARY_TARIFF:
            return self.tariff is not None and self.tariff.secondary_script > 0
        return not om.ACTIVE_TARIFF <= source <= om.PRICE or self.tariff is not None  # the rest every meter has

    def number(self, source, view):
        """The value in the scale of the object map, or NO_VALUE. Only for what `has` says the meter has."""
        if source < _FINE:
            return view.wh[source] if view.restored else NO_VALUE
        if source < _QUANTITIES:
            return self._fine(source - _FINE) if view.restored else NO_VALUE
        if source < _SECOND_QUANTITIES:
            return _quantity(view, source) if view.quantities_valid else NO_VALUE
        if source < _TIME:
            element = self.elements[1]
            return NO_VALUE if element.down else _quantity(element.sample, source - 16)
        if source <= _LOCAL_DATE:
            return _time(source, view) if view.clock_valid else NO_VALUE
        if source >= _BLOCK:
            return self._tariff_wh(source) if view.restored else NO_VALUE
        if source >= _DEMAND:
            return self._demand(source)
        return self._other(source, view)

    def pages(self, source):
        """How many times the glass a text is long, 1 at least."""
        text = self.text(source)
        return 1 if not text else (len(text) + _PAGE - 1) // _PAGE

    def text(self, source):
        """ASCII of a nameplate's item, or None."""
        if source == om.VERSION:
            return self.version
        if source == om.DEVICE_ID:
            return self.device_id
        if source == om.MODEL:
            return self.model
        return self.type if source == om.TYPE else None

    def _fine(self, index):
        """0.01 Wh, the last six digits of Wh: what is metered now, the open second excepted, stored or not."""
        registers = self.elements[0].registers
        per = registers.counts_per_wh
        rest = registers.residue[index] * 10
        tenths = rest // per
        hundredths = (rest - tenths * per) * 10 // per
        return registers.wh[index] % _FINE_WINDOW_WH * 100 + tenths * 10 + hundredths

    def _tariff_wh(self, source):
        tariff = self.tariff
        if source >= om.BLOCK_COUNTER:
            return tariff.block_counter(source - om.BLOCK_COUNTER >> 3, source - om.BLOCK_COUNTER & 7)
        if source >= om.SECONDARY_TOU:
            return tariff.secondary_tou_wh(source - om.SECONDARY_TOU)
        if source >= om.TOU:
            return tariff.tou_wh(source - om.TOU)
        return tariff.block_wh(source - om.BLOCK >> 3, source - om.BLOCK & 7)

    def _demand(self, source):
        demand = self.demand
        if source >= om.LAST_DEMAND:
            value = demand.last_w[source - om.LAST_DEMAND]
        elif source >= om.DEMAND_TIME:
            value = demand.captured_minute[source - om.DEMAND_TIME]
        else:
            value = demand.maximum_w[source - om.DEMAND]
        return NO_VALUE if value < 0 else value

    def _other(self, source, view):
        if source == om.SUPPLY_STATE:
            return self.supply.state()
        if source == om.SECOND_STATE:
            return self.second_supply.state()
        if source == om.AUX_STATE:
            return 1 if view.contactor[2] in _CLOSED else 0
        if source == om.ACTIVE_TARIFF:
            return self.tariff.active_script
        if source == om.SECONDARY_TARIFF:
            return self.tariff.secondary_script
        if source == om.PRICE:
            return self.tariff.price()
        if source == om.LOAD_LIMIT_COUNT:
            return self.limiter.count
        if source == om.UNDER_COUNT:
            return self.quality.under_count
        if source == om.OVER_COUNT:
            return self.quality.over_count
        if source == om.TAMPER_STATE:
            return view.tamper
        if source == om.STATUS:
            return view.status()
        if source == om.METER_CONSTANT:
            return self.constant_imp_per_kwh
        if source == om.PULSES:
            return self._test_pulses()
        return 0  # a text: what it says does not change

    def _test_pulses(self):
        pulse = self.pulse
        if pulse is not None:
            return pulse.count - self._pulses & 0x3FFFFFFF
        wh = self.elements[0].registers.wh
        since = advance_wh(wh[0], self._wh[0]) + advance_wh(wh[1], self._wh[1])
        return since // 1000 * self.constant_imp_per_kwh + since % 1000 * self.constant_imp_per_kwh // 1000


def _quantity(of, source):
    """A view or a sample: both have them under the same names."""
    if source == _ACTIVE_POWER:
        return of.active_power_mw
    if source == _VOLTAGE:
        return of.rms_voltage_mv
    if source == _CURRENT:
        return of.rms_current_ma
    if source == _POWER_FACTOR:
        return of.power_factor_x1000
    if source == _FREQUENCY:
        return of.frequency_hz_x1000
    if source == _APPARENT_POWER:
        return of.apparent_power_mva
    if source == _IMPORT_POWER:
        return of.active_power_mw if of.active_power_mw > 0 else 0
    if source == _EXPORT_POWER:
        return -of.active_power_mw if of.active_power_mw < 0 else 0
    if source == _REACTIVE_IMPORT_POWER:
        return of.reactive_power_mvar if of.reactive_power_mvar > 0 else 0
    if source == _REACTIVE_EXPORT_POWER:
        return -of.reactive_power_mvar if of.reactive_power_mvar < 0 else 0
    return of.reactive_power_mvar


def _time(source, view):
    """Seconds of the day; a date as (year x 16 + month) x 32 + day."""
    hour = view.hour
    if source == _LOCAL_DATE:
        return view.local_date() if view.ahead_h else (view.year * 16 + view.month) * 32 + view.day
    if source == _LOCAL_TIME:
        hour = (hour + view.ahead_h) % 24
    return (hour * 60 + view.minute) * 60 + view.second
