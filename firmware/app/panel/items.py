# SPDX-License-Identifier: MIT
"""What the panel can show: up to 64 records of twelve bytes, each naming an object of the meter and how it is written.

Record: OBIS code (6) | interface class (2, low byte first) | attribute (1, signed) | digits 1..8 in bits 0..3, decimals 0..3 in
bits 4..7 | word of the descriptor (app.panel.words), 0: as the object map has it | flags.
Flags: 1 auto list, 2 manual, 4 install, 8 test, 16 hidden behind the privacy PIN, 32 of metering element 2.

Which fields an item has: the product's user manual; that an object the meter does not have is refused, and with it the whole
list: this project's. What is refused changes nothing.
"""

from micropython import const

from app.panel import glass, object_map, words

RECORD = const(12)
MOST = const(64)

AUTO = const(1)
MANUAL = const(2)
INSTALL = const(4)
TEST = const(8)
PIN = const(16)
SECOND = const(32)
_FLAGS = const(63)
_LISTS = const(15)

_DECIMALS_MOST = const(3)
_MARKS = const(7)  # of the glass; sources of the object map: looked at with every item
_FINE = const(12)
_QUANTITIES = const(16)
_TENS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)

_UNITS = (
    (object_map.UNIT_WH, glass.UNIT_WH),
    (object_map.UNIT_VARH, glass.UNIT_VARH),
    (object_map.UNIT_VAH, glass.UNIT_VAH),
    (object_map.UNIT_W, glass.UNIT_W),
    (object_map.UNIT_VAR, glass.UNIT_VAR),
    (object_map.UNIT_VA, glass.UNIT_VA),
    (object_map.UNIT_A, glass.UNIT_A),
    (object_map.UNIT_V, glass.UNIT_V),
    (object_map.UNIT_HZ, glass.UNIT_HZ),
    (object_map.UNIT_CURRENCY, glass.UNIT_PENCE),
)
_NONE = ()
_POWER_FACTORS = (
    object_map.POWER_FACTOR,
    object_map.POWER_FACTOR + object_map.SECOND_QUANTITIES - object_map.QUANTITIES,
)


def record(obis, class_id, attribute, digits, decimals, flags, word=0):
    """One record as bytes(12). obis: bytes(6)"""
    return obis + bytes((class_id & 0xFF, class_id >> 8, attribute & 0xFF, digits | decimals << 4, word, flags))


class Item:
    """One record ready to be shown; an object that `Items.take` fills again and again.

    source, form: see app.panel.object_map. divisor: what is cut from the source's integer, never rounded. digits: 8 at most,
    the decimals' included. marks: descriptor and unit, for glass.label.
    """

    __slots__ = ("decimals", "digits", "divisor", "form", "marks", "source")

    def __init__(self):
        self.source = object_map.NO_SOURCE
        self.form = object_map.PLAIN
        self.divisor = 1
        self.decimals = 0
        self.digits = glass.DIGITS
        self.marks = bytearray(glass.MARKS)


class Items:
    """The records of all lists in their order. count: how many. edition: moves on with every `load`, 16 bits.

    What an item looks like is worked out here, when the list is loaded: in auto scroll another one comes every few seconds.
    """

    __slots__ = ("_decimals", "_forms", "_marks", "_records", "_sources", "count", "edition")

    def __init__(self, records):
        """records: bytes, a multiple of RECORD. raises: ValueError, which says what is wrong with which"""
        self.edition = 0
        self.load(records)

    def load(self, records):
        """Take another set of records, whole or not at all. Configuration: allocates. raises: ValueError"""
        count = len(records) // RECORD
        if len(records) != count * RECORD or not 1 <= count <= MOST:
            raise ValueError("1 to 64 items of 12 bytes")
        rows = bytearray(count)
        sources = bytearray(count)
        lists = 0
        for index in range(count):
            fault = _check(records, index, rows, sources)
            if fault is not None:
                raise ValueError("item %d: %s" % (index + 1, fault))
            lists |= records[index * RECORD + 11]
        if not lists & AUTO:
            raise ValueError("no item in the auto list")
        self._records = bytes(records)
        self._sources = sources
        self._forms = bytes([object_map.form(row) for row in rows])
        self._decimals = bytes([object_map.decimals(row) for row in rows])
        self._marks = bytearray(glass.MARKS * count)
        for index in range(count):
            self._work_out(index, rows[index])
        self.count = count
        self.edition = self.edition + 1 & 0xFFFF

    def records(self):
        """bytes: what `load` took."""
        return self._records

    def next(self, index, flag, readings, view, locked):
        """The next item after `index` of a list (AUTO, MANUAL, INSTALL or TEST), round and round; -1: it is empty.

        Left out: what the meter does not have (readings.has), and while `locked` what stands behind the PIN. allocates: no
        """
        records = self._records
        for _ in range(self.count):
            index += 1
            if index >= self.count:
                index = 0
            flags = records[index * RECORD + 11]
            if flags & flag and not (locked and flags & PIN) and readings.has(self._sources[index], view):
                return index
        return -1

    def take(self, index, item, fine_decimals=2):
        """Make an item of a record. fine_decimals: what the chip resolves of a Wh, for the test display. allocates: no"""
        records = self._records
        at = index * RECORD
        item.source = source = self._sources[index]
        item.form = self._forms[index]
        item.digits = records[at + 9] & 15
        decimals = records[at + 9] >> 4
        if _FINE <= source < _QUANTITIES and decimals > fine_decimals:
            decimals = fine_decimals
        item.decimals = decimals
        item.divisor = _TENS[self._decimals[index] - decimals]
        marks = item.marks
        worked_out = self._marks
        at = index * _MARKS
        for i in range(_MARKS):
            marks[i] = worked_out[at + i]

    def _work_out(self, index, row):
        """Descriptor and unit. Configuration: allocates."""
        records = self._records
        at = index * RECORD
        marks = bytearray(glass.MARKS)
        number = records[at + 10] or object_map.word(row)
        if number:
            words.descriptor_into(marks, number)
        else:
            _code_into(marks, records[at + 2], records[at + 3], records[at + 4])
        if object_map.form(row) == object_map.KILO:
            glass.mark(marks, glass.K)
        for element in _unit(object_map.unit(row), self._sources[index]):
            glass.mark(marks, element)
        for i in range(glass.MARKS):
            self._marks[index * glass.MARKS + i] = marks[i]


def _check(records, index, rows, sources):
    """What is wrong with a record, or None; its row of the map and its source go into the lists."""
    at = index * RECORD
    attribute = records[at + 8]
    row = object_map.find(records[at : at + 6], records[at + 6] | records[at + 7] << 8, attribute)
    if row < 0:
        return "unknown object"
    digits = records[at + 9] & 15
    decimals = records[at + 9] >> 4
    flags = records[at + 11]
    if not 1 <= digits <= glass.DIGITS:
        return "digits"
    if decimals > _DECIMALS_MOST or decimals >= digits or decimals > object_map.decimals(row):
        return "decimals"
    if records[at + 10] >= words.DESCRIPTORS:
        return "descriptor"
    if flags > _FLAGS or not flags & _LISTS:
        return "lists"
    rows[index] = row
    sources[index] = object_map.source(row, records[at : at + 6], 2 if flags & SECOND else 1)
    return "element" if sources[index] == object_map.NO_SOURCE else None


def _unit(code, source):
    if source in _POWER_FACTORS:
        return glass.UNIT_PF
    for number, elements in _UNITS:
        if number == code:
            return elements
    return _NONE


def _code_into(marks, c, d, e):
    """C.D.E without its points, right-aligned in the descriptor; what does not fit is lost on the left. allocates: no"""
    at = _number_into(marks, 4, e)
    at = _number_into(marks, at, d)
    _number_into(marks, at, c)


def _number_into(marks, at, value):
    while at > 0:
        at -= 1
        rest = value // 10
        marks[at] = glass.glyph(0x30 + value - rest * 10)
        value = rest
        if not value:
            break
    return at


# The factory's items: auto list first, then what the manual list has beside it, then the test's.
# fmt: off
_DEFAULT = (
    b"\x01\x00\x01\x08\x00\xff\x03\x00\x02\x28\x00\x17"  # 1.8.0 and the next three: kWh, behind the PIN
    b"\x01\x00\x02\x08\x00\xff\x03\x00\x02\x28\x00\x13"
    b"\x01\x00\x03\x08\x00\xff\x03\x00\x02\x28\x00\x13"
    b"\x01\x00\x04\x08\x00\xff\x03\x00\x02\x28\x00\x13"
    b"\x01\x00\x10\x07\x00\xff\x03\x00\x02\x38\x00\x07"  # 16.7.0: kW
    b"\x01\x00\x20\x07\x00\xff\x03\x00\x02\x18\x00\x07"  # 32.7.0: V
    b"\x01\x00\x1f\x07\x00\xff\x03\x00\x02\x28\x00\x03"  # 31.7.0: A
    b"\x01\x00\x0d\x07\x00\xff\x03\x00\x02\x38\x00\x03"  # 13.7.0: power factor
    b"\x01\x00\x0e\x07\x00\xff\x03\x00\x02\x28\x00\x03"  # 14.7.0: Hz
    b"\x01\x00\x00\x09\x01\xff\x01\x00\x02\x08\x00\x03"  # local time
    b"\x01\x00\x00\x09\x02\xff\x01\x00\x02\x08\x00\x03"  # local date
    b"\x00\x00\x60\x03\x0a\xff\x46\x00\x03\x08\x00\x02"  # state of the supply
    b"\x00\x00\x60\x0e\x00\xff\x01\x00\x02\x08\x00\x02"  # tariff register and price in force
    b"\x00\x00\x5e\x2c\x01\x07\x03\x00\x02\x38\x00\x02"
    b"\x01\x00\x01\x08\x01\xff\x03\x00\x02\x28\x00\x12"  # tariff registers 1 and 2
    b"\x01\x00\x01\x08\x02\xff\x03\x00\x02\x28\x00\x12"
    b"\x01\x00\x01\x06\x00\xff\x04\x00\x02\x38\x00\x12"  # maximum demand and when it was
    b"\x01\x00\x01\x06\x00\xff\x04\x00\x05\x08\x00\x12"
    b"\x01\x00\x03\x07\x00\xff\x03\x00\x02\x38\x00\x02"  # reactive and apparent power
    b"\x01\x00\x09\x07\x00\xff\x03\x00\x02\x38\x00\x02"
    b"\x01\x00\x01\x08\x00\xff\x03\x00\x02\x28\x00\x32"  # the second element: import, power
    b"\x01\x00\x10\x07\x00\xff\x03\x00\x02\x38\x00\x22"
    b"\x00\x01\x60\x03\x0a\xff\x46\x00\x03\x08\x00\x02"  # auxiliary switch
    b"\x00\x00\x5e\x2c\x2a\xff\x03\x00\x02\x08\x00\x02"  # load-limit counter
    b"\x00\x00\x01\x00\x00\xff\x08\x00\x02\x08\x00\x02"  # UTC
    b"\x00\x00\x00\x02\x01\xff\x01\x00\x02\x08\x00\x06"  # firmware
    b"\x00\x00\x60\x01\x01\xff\x01\x00\x02\x08\x00\x06"  # device id
    b"\x01\x00\x01\x08\x00\xff\x03\x00\xff\x28\x00\x08"  # test: registers with their rest, pulses, state
    b"\x01\x00\x02\x08\x00\xff\x03\x00\xff\x28\x00\x08"
    b"\x01\x00\x03\x08\x00\xff\x03\x00\xff\x28\x00\x08"
    b"\x01\x00\x04\x08\x00\xff\x03\x00\xff\x28\x00\x08"
    b"\x00\x00\x80\x00\x01\xff\x01\x00\x02\x08\x00\x08"
    b"\x01\x00\x00\x03\x00\xff\x03\x00\x02\x08\x00\x08"
    b"\x00\x00\x61\x61\x00\xff\x01\x00\x02\x08\x00\x08"
    b"\x01\x00\x10\x07\x00\xff\x03\x00\x02\x38\x00\x08"  # P, Q, V, I, power factor, f
    b"\x01\x00\x03\x07\x00\xff\x03\x00\x02\x38\x00\x08"
    b"\x01\x00\x20\x07\x00\xff\x03\x00\x02\x38\x00\x08"
    b"\x01\x00\x1f\x07\x00\xff\x03\x00\x02\x38\x00\x08"
    b"\x01\x00\x0d\x07\x00\xff\x03\x00\x02\x38\x00\x08"
    b"\x01\x00\x0e\x07\x00\xff\x03\x00\x02\x38\x00\x08"
)
# fmt: on


def default_list():
    """The factory's items."""
    return Items(_DEFAULT)
