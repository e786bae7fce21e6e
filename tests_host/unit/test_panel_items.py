# SPDX-License-Identifier: MIT
"""app.panel.object_map, items, readings: records of the item configuration (features R3.18 to R3.23) and what they find."""

from app.panel import glass, items, object_map
from app.panel.items import Items, record
from app.panel.readings import NO_VALUE, Readings, hexadecimal
from app.panel.view import View
from fakes_panel import Rig

IMPORT = b"\x01\x00\x01\x08\x00\xff"
VOLTAGE = b"\x01\x00\x20\x07\x00\xff"
AUTO = items.AUTO


def refused(records):
    try:
        Items(records)
    except ValueError as error:
        return str(error)
    return None


def test_a_record_is_twelve_bytes_and_says_where_to_look():
    packed = record(b"\x01\x00\x01\x08\x30\xff", 3, 2, 7, 1, items.MANUAL | items.PIN, 5)
    assert packed == b"\x01\x00\x01\x08\x30\xff\x03\x00\x02\x17\x05\x12"
    # Tariff register 48 is the last of its 48: TOU + 47.
    row = object_map.find(packed[:6], 3, 2)
    assert object_map.source(row, packed[:6], 1) == object_map.TOU + 47
    assert object_map.source(row, packed[:6], 2) == object_map.NO_SOURCE
    first = b"\x01\x00\x01\x08\x01\xff"
    row = object_map.find(first, 3, 2)
    assert object_map.source(row, first, 1) == object_map.TOU
    assert object_map.source(row, first, 2) == object_map.SECONDARY_TOU


def test_every_object_is_found_as_itself():
    seen = {}
    for row in range(51):
        unit = object_map.unit(row)
        assert 0 <= object_map.decimals(row) <= 6 and (unit == 255 or 10 <= unit <= 44), row
    # Wh: scaler 0, unit 30 of the Blue Book's table; V: 10^-3, 35.
    row = object_map.find(IMPORT, 3, 2)
    assert (object_map.scaler(row), object_map.unit(row), object_map.form(row)) == (0, 30, object_map.KILO)
    row = object_map.find(VOLTAGE, 3, 2)
    assert (object_map.scaler(row), object_map.unit(row), object_map.form(row)) == (-3, 35, object_map.PLAIN)
    for e in range(1, 129):
        obis = bytes((1, 0, 1, 8, e, 255))
        row = object_map.find(obis, 3, 2)
        if row >= 0:
            source = object_map.source(row, obis, 1)
            assert source not in seen
            seen[source] = e
    assert len(seen) == 48 + 32 + 32  # tariff registers, block registers, block counters
    assert object_map.find(bytes((1, 0, 1, 8, 49, 255)), 3, 2) < 0


def test_what_the_meter_does_not_know_is_refused():
    good = record(IMPORT, 3, 2, 8, 2, AUTO)
    assert refused(good) is None
    for wrong, why in (
        (record(b"\x01\x00\x63\x08\x00\xff", 3, 2, 8, 2, AUTO), "unknown object"),
        (record(IMPORT, 4, 2, 8, 2, AUTO), "unknown object"),  # a class that this code does not have
        (record(IMPORT, 3, 3, 8, 2, AUTO), "unknown object"),  # an attribute
        (record(IMPORT, 3, 2, 0, 0, AUTO), "digits"),
        (record(IMPORT, 3, 2, 9, 0, AUTO), "digits"),
        (record(IMPORT, 3, 2, 2, 2, AUTO), "decimals"),  # no digit before the point
        (record(IMPORT, 3, 2, 8, 4, AUTO), "decimals"),
        (record(b"\x00\x00\x5e\x2c\x2a\xff", 3, 2, 8, 1, AUTO), "decimals"),  # a counter has none
        (record(IMPORT, 3, 2, 8, 2, 0), "lists"),
        (record(IMPORT, 3, 2, 8, 2, 64 | AUTO), "lists"),
        (record(IMPORT, 3, 2, 8, 2, AUTO, 200), "descriptor"),
        (record(b"\x00\x00\x01\x00\x00\xff", 8, 2, 8, 0, AUTO | items.SECOND), "element"),
    ):
        assert refused(good + wrong) == "item 2: " + why, (why, refused(good + wrong))
    assert refused(b"") is not None and refused(good[:11]) is not None
    assert refused(good * 64) is None and refused(good * 65) is not None
    assert "auto list" in refused(record(IMPORT, 3, 2, 8, 2, items.MANUAL))


def test_a_refused_set_changes_nothing():
    listed = items.default_list()
    before = listed.records()
    edition = listed.edition
    try:
        listed.load(record(VOLTAGE, 3, 2, 8, 1, AUTO) + record(VOLTAGE, 3, 2, 9, 1, AUTO))
        raise AssertionError
    except ValueError:
        pass
    assert listed.records() == before and listed.edition == edition
    listed.load(record(VOLTAGE, 3, 2, 8, 1, AUTO))
    assert listed.count == 1 and listed.edition == edition + 1


def test_a_new_set_is_shown_at_once():
    rig = Rig(record(IMPORT, 3, 2, 8, 2, AUTO))
    rig.view.wh[0] = 12_345
    rig.view.rms_voltage_mv = 229_999
    rig.run(500)
    assert rig.digits() == "    12.34"
    rig.items.load(record(VOLTAGE, 3, 2, 8, 1, AUTO))
    rig.run(500)
    assert rig.digits() == "    229.9" and rig.descriptor() == "3270"


def test_digits_and_decimals():
    # (Wh, digits, decimals) -> kWh on the glass: the least significant digits with their zeros, cut and never rounded.
    for wh, digits, decimals, expected in (
        (1_999_999, 8, 0, "    1999"),
        (1_999_999, 8, 3, " 1999.999"),
        (1_999_999, 5, 2, "   999.99"),
        (10_000_999, 3, 0, "     000"),
        (10_000_999, 4, 3, "    0.999"),
        (99_999, 1, 0, "       9"),
        (0, 8, 3, "    0.000"),
    ):
        rig = Rig(record(IMPORT, 3, 2, digits, decimals, AUTO))
        rig.view.wh[0] = wh
        rig.run(500)
        assert rig.digits() == expected, (wh, digits, decimals, rig.digits())


class Tariff:
    secondary_script = 201
    active_script = 7

    def tou_wh(self, index):
        return 1000 * (index + 1)

    def secondary_tou_wh(self, index):
        return 7000 + 1000 * index

    def block_wh(self, block, group):
        return 100_000 * block + 1000 * group

    def block_counter(self, block, group):
        return 1

    def price(self):
        return 28_432  # 0.28432 of the unit: 28.432 hundredths a kWh


class Demand:
    maximum_w = (3456, 0, 0)
    captured_minute = (9215 * 1440 + 18 * 60 + 30, -1, -1)  # 2025-03-25 18:30
    last_w = (-1, 12, 0)


class State:
    def state(self):
        return 2


def shown(records, readings=None, elements=1):
    rig = Rig(records, elements, readings=readings)
    rig.run(500)
    return rig.digits()


def test_values_of_the_engines():
    readings = Readings(version=b"1.2", tariff=Tariff(), demand=Demand(), supply=State())
    for obis, class_id, attribute, decimals, expected in (
        (b"\x01\x00\x01\x08\x30\xff", 3, 2, 1, "     48.0"),
        (b"\x01\x00\x01\x08\x57\xff", 3, 2, 0, "     206"),  # E 87 = 65 + 22: block 2, group 6
        (b"\x00\x00\x60\x0e\x00\xff", 1, 2, 0, "       7"),
        (b"\x00\x00\x5e\x2c\x01\x07", 3, 2, 3, "   28.432"),
        (b"\x01\x00\x01\x06\x00\xff", 4, 2, 2, "     3.45"),
        (b"\x01\x00\x01\x06\x00\xff", 4, 5, 0, "25.03.18.30"),
        (b"\x01\x00\x02\x06\x00\xff", 4, 5, 0, "--------"),
        (b"\x01\x00\x01\x05\x00\xff", 3, 2, 2, "--------"),
        (b"\x00\x00\x60\x03\x0a\xff", 70, 3, 0, "rEAdy   "),
        (b"\x00\x00\x61\x61\x00\xff", 1, 2, 0, "00000000"),
    ):
        record_ = record(obis, class_id, attribute, 8, decimals, AUTO)
        assert shown(record_, readings) == expected, (obis, shown(record_, readings))
    second = record(b"\x01\x00\x01\x08\x03\xff", 3, 2, 8, 0, AUTO | items.SECOND)
    assert shown(second, readings, 2) == "       9"


def test_what_is_not_fitted_is_left_out():
    view = View()
    plain = Readings(version=b"1")
    listed = items.default_list()
    found = []
    at = -1
    while True:
        at = listed.next(at, items.MANUAL, plain, view)
        if at in found:
            break
        found.append(at)
    names = [listed.records()[12 * i : 12 * i + 6] for i in found]
    for absent in (
        b"\x01\x00\x01\x08\x01\xff",
        b"\x01\x00\x01\x06\x00\xff",
        b"\x00\x00\x60\x03\x0a\xff",
        b"\x00\x00\x60\x01\x01\xff",
    ):
        assert absent not in names
    assert IMPORT in names and len(names) == 15
    fitted = Readings(version=b"1", tariff=Tariff(), demand=Demand(), supply=State())
    assert (
        fitted.has(object_map.TOU, view) and fitted.has(object_map.PRICE, view) and fitted.has(object_map.DEMAND, view)
    )
    assert not fitted.has(object_map.LOAD_LIMIT_COUNT, view) and not plain.has(object_map.PRICE, view)
    at = listed.next(-1, items.TEST, plain, view)
    assert listed.records()[12 * at : 12 * at + 6] == b"\x01\x00\x00\x03\x00\xff", (
        "without elements no registers' rests"
    )


def test_nothing_to_show_is_dashes():
    rig = Rig(record(b"\x01\x00\x01\x06\x00\xff", 4, 2, 8, 2, AUTO))
    assert rig.panel.modes.position == -1 and rig.digits() == "--------"


def test_long_texts_are_paged():
    readings = Readings(version=b"1")
    readings.identify(b"\x00\x0d\x6f\x00\x12\x34\xab\xcd", None, b"E1C1")
    assert hexadecimal(b"\x00\xfe") == b"00FE"
    rig = Rig(record(b"\x00\x00\x60\x01\x01\xff", 1, 2, 8, 0, AUTO), readings=readings)
    assert rig.digits() == "000d6F00"
    rig.run(2000)
    assert rig.digits() == "1234AbCd"
    rig.run(2000)
    assert rig.digits() == "000d6F00"


class Registers:
    def __init__(self, per):
        self.counts_per_wh = per
        self.wh = [0] * 6
        self.residue = [0] * 6


class Element:
    down = False

    def __init__(self, per):
        self.registers = Registers(per)


def test_resolution_of_the_test_display():
    fine = record(IMPORT, 3, -1, 8, 2, AUTO)
    # ADE9153A: 352704 counts a Wh; 352703 of them are 0.99 Wh. ATM90E26: 10 a Wh, so 0.1 Wh is all there is.
    for per, wh, residue, expected in (
        (352_704, 1_234_567, 352_703, "234567.99"),
        (352_704, 12, 3527, "    12.00"),
        (352_704, 12, 3528, "    12.01"),
        (10, 12, 9, "     12.9"),
        (10, 1_234_567, 1, " 234567.1"),
    ):
        element = Element(per)
        element.registers.wh[0] = wh
        element.registers.residue[0] = residue
        assert shown(fine, Readings([element])) == expected, (per, wh, residue)


def test_pulses_are_counted_from_the_beginning_of_the_test():
    element = Element(10)
    readings = Readings([element], constant_imp_per_kwh=4000)
    element.registers.wh[0] = 999_999_990
    readings.begin_test()
    assert readings.number(object_map.PULSES, View()) == 0
    element.registers.wh[0] = 12  # 22 Wh over the end of the register
    element.registers.wh[1] = 3
    assert readings.number(object_map.PULSES, View()) == 100  # 25 Wh x 4 a Wh


def test_units_of_the_map_are_on_the_glass():
    listed = Items(
        record(IMPORT, 3, 2, 8, 2, AUTO)
        + record(b"\x01\x00\x03\x07\x00\xff", 3, 2, 8, 2, AUTO)
        + record(b"\x01\x00\x03\x08\x00\xff", 3, 2, 8, 2, AUTO)
        + record(b"\x01\x00\x0d\x07\x00\xff", 3, 2, 8, 2, AUTO)
        + record(b"\x00\x00\x5e\x2c\x01\x07", 3, 2, 8, 2, AUTO)
    )
    marks = bytearray(glass.MARKS)
    for index, unit in enumerate((glass.UNIT_KWH, glass.UNIT_KVAR, glass.UNIT_KVARH, glass.UNIT_PF, glass.UNIT_PENCE)):
        listed.take(index)
        glass.marks_into(marks, 0, b"    ", unit)
        assert listed.rows[listed.at + 4 : listed.at + 7] == marks[4:], index


def test_no_value_before_it_is_known():
    view = View()
    readings = Readings()
    for source in (0, object_map.VOLTAGE, object_map.TIME, object_map.LOCAL_DATE):
        assert readings.number(source, view) == NO_VALUE


def test_local_date_over_the_end_of_the_year():
    view = View()
    view.clock_valid = view.local = view.ahead_h = 1
    view.year, view.month, view.day, view.hour, view.minute = 2035, 12, 31, 23, 30
    readings = Readings()
    assert readings.number(object_map.LOCAL_DATE, view) == (2036 * 16 + 1) * 32 + 1
    assert readings.number(object_map.LOCAL_TIME, view) == 30 * 60
    assert readings.number(object_map.TIME, view) == 23 * 3600 + 30 * 60
