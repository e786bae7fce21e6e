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
# Sources of the object map: looked at with every item.
_FINE = const(12)
_QUANTITIES = const(16)

# What is worked out of a record when the list is loaded: source, form, decimals of the source; then marks, for glass.label.
_ROW = const(10)
_FORM = const(1)
_DECIMALS = const(2)
_LABEL = const(3)

# Unit of the object map, bits on the glass.
_UNITS = (
    b"\x1e\x60\x00\x00"
    b"\x20\x10\x00\x02"
    b"\x1f\x2c\x00\x00"  # Wh varh VAh
    b"\x1b\x40\x00\x00"
    b"\x1d\x10\x00\x00"
    b"\x1c\x0c\x00\x00"  # W var VA
    b"\x21\x08\x00\x00"
    b"\x23\x04\x00\x00"
    b"\x2c\x02\x00\x00"  # A V Hz
    b"\x0a\x00\x40\x00"  # hundredths of the currency
)
_POWER_FACTOR = const(20)
_SECOND_POWER_FACTOR = const(36)


def record(obis, class_id, attribute, digits, decimals, flags, word=0):
    """One record as bytes(12). obis: bytes(6)"""
    return obis + bytes((class_id & 0xFF, class_id >> 8, attribute & 0xFF, digits | decimals << 4, word, flags))


class Items:
    """The records of all lists in their order. count: how many. edition: moves on with every `load`, 16 bits.

    What an item looks like is worked out when the list is loaded: in auto scroll another one comes every few seconds. The one
    that is shown, see `take`: source, form: see app.panel.object_map; divisor: what is cut from the source's integer, never
    rounded; digits: 8 at most, the decimals' included; rows, at: descriptor and unit, for glass.label.
    """

    def __init__(self, records):
        """records: bytes, a multiple of RECORD. raises: ValueError, which says what is wrong with which"""
        self.edition = 0
        self.source = object_map.NO_SOURCE
        self.form = object_map.PLAIN
        self.divisor = 1
        self.decimals = 0
        self.digits = glass.DIGITS
        self.at = _LABEL
        self.load(records)

    def load(self, records):
        """Take another set of records, whole or not at all. Configuration: allocates. raises: ValueError"""
        count = len(records) // RECORD
        if len(records) != count * RECORD or not 1 <= count <= MOST:
            raise ValueError("1 to 64 items of 12 bytes")
        rows = bytearray(_ROW * count)
        lists = 0
        for index in range(count):
            fault = _work_out(records, index * RECORD, rows, index * _ROW)
            if fault is not None:
                raise ValueError("item %d: %s" % (index + 1, fault))
            lists |= records[index * RECORD + 11]
        if not lists & AUTO:
            raise ValueError("no item in the auto list")
        self._records = bytes(records)
        self.rows = rows
        self.source = object_map.NO_SOURCE  # none is taken
        self.count = count
        self.edition = self.edition + 1 & 0xFFFF

    def records(self):
        """bytes: what `load` took."""
        return self._records

    def next(self, index, flag, readings, view):
        """The next item after `index` of a list (AUTO, MANUAL, INSTALL or TEST), round and round; -1: it is empty.

        Left out: what the meter does not have (readings.has), and with PIN in the flag what stands behind it. allocates: no
        """
        left = self.count
        while left:
            left -= 1
            index += 1
            if index >= self.count:
                index = 0
            if self._records[index * RECORD + 11] & flag == flag & _LISTS and readings.has(
                self.rows[index * _ROW], view
            ):
                return index
        return -1

    def take(self, index, fine_decimals=2):
        """This item is the one shown. fine_decimals: what the chip resolves of a Wh, for the test display. allocates: no"""
        at = index * _ROW
        self.at = at + _LABEL
        self.source = self.rows[at]
        self.form = self.rows[at + _FORM]
        figures = self._records[index * RECORD + 9]
        self.digits = figures & 15
        figures >>= 4
        if _FINE <= self.source < _QUANTITIES and figures > fine_decimals:
            figures = fine_decimals
        self.decimals = figures
        self.divisor = 10 ** (self.rows[at + _DECIMALS] - figures)


def _work_out(records, at, rows, to):
    """A record's row, or what is wrong with it. returns: None or text"""
    obis = records[at : at + 6]
    row = object_map.find(obis, records[at + 6] | records[at + 7] << 8, records[at + 8])
    if row < 0:
        return "unknown object"
    digits = records[at + 9] & 15
    decimals = records[at + 9] >> 4
    word = records[at + 10]
    flags = records[at + 11]
    if not 1 <= digits <= glass.DIGITS:
        return "digits"
    if decimals > _DECIMALS_MOST or decimals >= digits or decimals > object_map.decimals(row):
        return "decimals"
    if word >= words.COUNT:
        return "descriptor"
    if flags > _FLAGS or not flags & _LISTS:
        return "lists"
    source = object_map.source(row, obis, 2 if flags & SECOND else 1)
    if source == object_map.NO_SOURCE:
        return "element"
    rows[to] = source
    rows[to + _FORM] = object_map.form(row)
    rows[to + _DECIMALS] = object_map.decimals(row)
    word = 4 * (word or object_map.word(row))
    if word:
        characters = words.DESCRIPTORS[word : word + 4]
    else:
        # C.D.E without its points, right-aligned; what does not fit is lost on the left.
        characters = ("   %d%d%d" % (obis[2], obis[3], obis[4]))[-4:].encode()
    glass.marks_into(rows, to + _LABEL, characters, _unit(object_map.unit(row), source, object_map.form(row)))
    return None


def _unit(code, source, form):
    """UNIT_* of app.panel.glass."""
    if source in (_POWER_FACTOR, _SECOND_POWER_FACTOR):  # a number without a unit of the Blue Book
        return glass.UNIT_PF
    for at in range(0, len(_UNITS), 4):
        if _UNITS[at] == code:
            unit = _UNITS[at + 1] | _UNITS[at + 2] << 8 | _UNITS[at + 3] << 16
            return unit | glass.UNIT_K if form == object_map.KILO else unit
    return glass.UNIT_NONE


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
