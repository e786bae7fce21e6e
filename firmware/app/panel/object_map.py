# SPDX-License-Identifier: MIT
"""The object map: OBIS code, interface class and attribute -> which value of the meter it is, and how it is scaled.

One packed row an object, so that it stays in ROM; the panel finds its items here, and whoever else serves the objects finds
source, scaler and unit. Sources: OBIS codes of IEC 62056-61 and the COSEM Blue Book; 94.44 are those of the DCC's use cases;
C = 128 and negative attributes are the manufacturer's. Units are numbers of the Blue Book (table of units), 255: none.

    row = object_map.find(obis, 3, 2)           # configuration: one look, then by number
    source = object_map.source(row, obis, 1)
"""

from micropython import const

# Sources: what app.panel.readings reads.
REGISTERS = const(0)  # 0..5 of element 1 in the order of app.metrology.registers, 6..11 of element 2
FINE = const(12)  # 12..15: the first four of element 1 with their rest, 0.01 Wh
QUANTITIES = const(16)  # 16..26 of element 1, 32..42 of element 2
ACTIVE_POWER = const(16)  # signed, import > 0
REACTIVE_POWER = const(17)
VOLTAGE = const(18)
CURRENT = const(19)
POWER_FACTOR = const(20)
FREQUENCY = const(21)
APPARENT_POWER = const(22)
IMPORT_POWER = const(23)
EXPORT_POWER = const(24)
REACTIVE_IMPORT_POWER = const(25)
REACTIVE_EXPORT_POWER = const(26)
SECOND_QUANTITIES = const(32)
TIME = const(48)  # UTC
LOCAL_TIME = const(49)
LOCAL_DATE = const(50)
SUPPLY_STATE = const(52)
SECOND_STATE = const(53)
AUX_STATE = const(54)
ACTIVE_TARIFF = const(55)
PRICE = const(56)
LOAD_LIMIT_COUNT = const(57)
UNDER_COUNT = const(58)
OVER_COUNT = const(59)
TAMPER_STATE = const(60)
STATUS = const(61)
PULSES = const(62)
METER_CONSTANT = const(63)
SECONDARY_TARIFF = const(64)
VERSION = const(72)
DEVICE_ID = const(73)
MODEL = const(74)
TYPE = const(75)
DEMAND = const(80)  # 80..82 maxima, W
DEMAND_TIME = const(84)  # 84..86
LAST_DEMAND = const(88)  # 88, 89
BLOCK = const(96)  # 96..127, block x 8 + group
TOU = const(128)  # 128..175
SECONDARY_TOU = const(176)  # 176..179
BLOCK_COUNTER = const(180)  # 180..211

# How the panel writes it. Numbers below 16 take so many decades into the unit's prefix.
PLAIN = const(0)
PENCE = const(2)  # of a currency unit: hundredths of it
KILO = const(3)
TIME_OF_DAY = const(16)
DATE = const(17)
MOMENT = const(18)  # day, month, hour, minute
STATE = const(19)
HEX = const(20)
TEXT = const(21)

UNIT_CURRENCY = const(10)
UNIT_W = const(27)
UNIT_VA = const(28)
UNIT_VAR = const(29)
UNIT_WH = const(30)
UNIT_VAH = const(31)
UNIT_VARH = const(32)
UNIT_A = const(33)
UNIT_V = const(35)
UNIT_HZ = const(44)
UNIT_NONE = const(255)

NO_SOURCE = const(255)

_ROW = const(16)
# OBIS A..F, class (low byte first), attribute | source, source of element 2, values that follow each other in E |
# scaler, unit, form, word of app.panel.words (0: the descriptor is C.D.E). E counts from that of the row.
# fmt: off
_ROWS = (
    # Totals: class 3, attribute 2. Attribute -1 (this project's): the same with its rest, for the test display.
    b"\x01\x00\x01\x08\x00\xff" b"\x03\x00\x02" b"\x00\x06\x01" b"\x00\x1e\x03\x00"  # active import
    b"\x01\x00\x02\x08\x00\xff" b"\x03\x00\x02" b"\x01\x07\x01" b"\x00\x1e\x03\x00"  # active export
    b"\x01\x00\x03\x08\x00\xff" b"\x03\x00\x02" b"\x02\x08\x01" b"\x00\x20\x03\x00"  # reactive import
    b"\x01\x00\x04\x08\x00\xff" b"\x03\x00\x02" b"\x03\x09\x01" b"\x00\x20\x03\x00"  # reactive export
    b"\x01\x00\x09\x08\x00\xff" b"\x03\x00\x02" b"\x04\x0a\x01" b"\x00\x1f\x03\x00"  # apparent import
    b"\x01\x00\x0a\x08\x00\xff" b"\x03\x00\x02" b"\x05\x0b\x01" b"\x00\x1f\x03\x00"  # apparent export
    b"\x01\x00\x01\x08\x00\xff" b"\x03\x00\xff" b"\x0c\xff\x01" b"\xfe\x1e\x00\x00"  # with its rest
    b"\x01\x00\x02\x08\x00\xff" b"\x03\x00\xff" b"\x0d\xff\x01" b"\xfe\x1e\x00\x00"  # with its rest
    b"\x01\x00\x03\x08\x00\xff" b"\x03\x00\xff" b"\x0e\xff\x01" b"\xfe\x20\x00\x00"  # with its rest
    b"\x01\x00\x04\x08\x00\xff" b"\x03\x00\xff" b"\x0f\xff\x01" b"\xfe\x20\x00\x00"  # with its rest
    # Tariff registers; those of the second element are its own. Blocks: E = 65 + 8 x block + group, counters of the period on
    # from 97 (unverified: this project's places, SMETS2 reads them as arrays).
    b"\x01\x00\x01\x08\x01\xff" b"\x03\x00\x02" b"\x80\xb0\x04" b"\x00\x1e\x03\x00"  # time of use 1..4 of both
    b"\x01\x00\x01\x08\x05\xff" b"\x03\x00\x02" b"\x84\xff\x2c" b"\x00\x1e\x03\x00"  # time of use 5..48
    b"\x01\x00\x01\x08\x41\xff" b"\x03\x00\x02" b"\x60\xff\x20" b"\x00\x1e\x03\x00"  # block registers
    b"\x01\x00\x01\x08\x61\xff" b"\x03\x00\x02" b"\xb4\xff\x20" b"\x00\x1e\x03\x00"  # block counters
    b"\x00\x00\x60\x0e\x00\xff" b"\x01\x00\x02" b"\x37\x40\x01" b"\x00\xff\x00\x06"  # active tariff register
    b"\x00\x00\x5e\x2c\x01\x07" b"\x03\x00\x02" b"\x38\xff\x01" b"\xfb\x0a\x02\x07"  # active price, 1e-5 a kWh
    # Demand: value and time of capture of classes 4; the last whole interval.
    b"\x01\x00\x01\x06\x00\xff" b"\x04\x00\x02" b"\x50\xff\x01" b"\x00\x1b\x03\x00"  # maximum import
    b"\x01\x00\x01\x06\x00\xff" b"\x04\x00\x05" b"\x54\xff\x01" b"\x00\xff\x12\x00"  # its time
    b"\x01\x00\x02\x06\x00\xff" b"\x04\x00\x02" b"\x51\xff\x01" b"\x00\x1b\x03\x00"  # maximum export
    b"\x01\x00\x02\x06\x00\xff" b"\x04\x00\x05" b"\x55\xff\x01" b"\x00\xff\x12\x00"  # its time
    b"\x01\x00\x01\x06\x01\xff" b"\x04\x00\x02" b"\x52\xff\x01" b"\x00\x1b\x03\x00"  # maximum import of the period
    b"\x01\x00\x01\x06\x01\xff" b"\x04\x00\x05" b"\x56\xff\x01" b"\x00\xff\x12\x00"  # its time
    b"\x01\x00\x01\x05\x00\xff" b"\x03\x00\x02" b"\x58\xff\x01" b"\x00\x1b\x03\x00"  # last import
    b"\x01\x00\x02\x05\x00\xff" b"\x03\x00\x02" b"\x59\xff\x01" b"\x00\x1b\x03\x00"  # last export
    # Instantaneous values.
    b"\x01\x00\x10\x07\x00\xff" b"\x03\x00\x02" b"\x10\x20\x01" b"\xfd\x1b\x03\x00"  # active power, import > 0
    b"\x01\x00\x01\x07\x00\xff" b"\x03\x00\x02" b"\x17\x27\x01" b"\xfd\x1b\x03\x00"  # active import power
    b"\x01\x00\x02\x07\x00\xff" b"\x03\x00\x02" b"\x18\x28\x01" b"\xfd\x1b\x03\x00"  # active export power
    b"\x01\x00\x03\x07\x00\xff" b"\x03\x00\x02" b"\x19\x29\x01" b"\xfd\x1d\x03\x00"  # reactive power, import
    b"\x01\x00\x04\x07\x00\xff" b"\x03\x00\x02" b"\x1a\x2a\x01" b"\xfd\x1d\x03\x00"  # reactive power, export
    b"\x01\x00\x09\x07\x00\xff" b"\x03\x00\x02" b"\x16\x26\x01" b"\xfd\x1c\x03\x00"  # apparent power
    b"\x01\x00\x20\x07\x00\xff" b"\x03\x00\x02" b"\x12\x22\x01" b"\xfd\x23\x00\x00"  # voltage
    b"\x01\x00\x1f\x07\x00\xff" b"\x03\x00\x02" b"\x13\x23\x01" b"\xfd\x21\x00\x00"  # current
    b"\x01\x00\x0d\x07\x00\xff" b"\x03\x00\x02" b"\x14\x24\x01" b"\xfd\xff\x00\x00"  # power factor
    b"\x01\x00\x0e\x07\x00\xff" b"\x03\x00\x02" b"\x15\x25\x01" b"\xfd\x2c\x00\x00"  # frequency
    b"\x00\x00\x5e\x2c\x22\x14" b"\x01\x00\x02" b"\x17\x27\x01" b"\xfd\x1b\x03\x12"  # active import power, SMETS2
    # Clock: UTC, and what is shown to the consumer.
    b"\x00\x00\x01\x00\x00\xff" b"\x08\x00\x02" b"\x30\xff\x01" b"\x00\xff\x10\x01"  # time, UTC
    b"\x01\x00\x00\x09\x01\xff" b"\x01\x00\x02" b"\x31\xff\x01" b"\x00\xff\x10\x02"  # local time
    b"\x01\x00\x00\x09\x02\xff" b"\x01\x00\x02" b"\x32\xff\x01" b"\x00\xff\x11\x03"  # local date
    # Supply and loads: class 70, control state.
    b"\x00\x00\x60\x03\x0a\xff" b"\x46\x00\x03" b"\x34\x35\x01" b"\x00\xff\x13\x04"  # contactors
    b"\x00\x01\x60\x03\x0a\xff" b"\x46\x00\x03" b"\x36\xff\x01" b"\x00\xff\x13\x05"  # auxiliary switch 1
    b"\x00\x00\x5e\x2c\x2a\xff" b"\x03\x00\x02" b"\x39\xff\x01" b"\x00\xff\x00\x08"  # load-limit counter
    # Voltage averages, state, nameplate.
    b"\x01\x00\x20\x20\x00\x04" b"\x03\x00\x02" b"\x3a\xff\x01" b"\x00\xff\x00\x09"  # average under
    b"\x01\x00\x20\x24\x00\x04" b"\x03\x00\x02" b"\x3b\xff\x01" b"\x00\xff\x00\x0a"  # average over
    b"\x00\x00\x5e\x2c\x00\x04" b"\x01\x00\x02" b"\x3c\xff\x01" b"\x00\xff\x00\x0b"  # tamper state
    b"\x00\x00\x61\x61\x00\xff" b"\x01\x00\x02" b"\x3d\xff\x01" b"\x00\xff\x14\x0c"  # error register
    b"\x00\x00\x80\x00\x01\xff" b"\x01\x00\x02" b"\x3e\xff\x01" b"\x00\xff\x00\x0d"  # pulses of the test
    b"\x01\x00\x00\x03\x00\xff" b"\x03\x00\x02" b"\x3f\xff\x01" b"\x00\xff\x00\x13"  # pulses per kWh
    b"\x00\x00\x00\x02\x01\xff" b"\x01\x00\x02" b"\x48\xff\x01" b"\x00\xff\x15\x0e"  # firmware version
    b"\x00\x00\x60\x01\x01\xff" b"\x01\x00\x02" b"\x49\xff\x01" b"\x00\xff\x15\x0f"  # device id, EUI-64
    b"\x00\x00\x60\x01\x04\xff" b"\x01\x00\x02" b"\x4a\xff\x01" b"\x00\xff\x15\x10"  # model
    b"\x00\x00\x60\x01\x06\xff" b"\x01\x00\x02" b"\x4b\xff\x01" b"\x00\xff\x15\x11"  # type
)
# fmt: on
_COUNT = const(51)


def find(obis, class_id, attribute):
    """Number of the row of an object (OBIS: 6 bytes) or -1. Configuration only."""
    for row in range(_COUNT):
        at = row * _ROW
        if _ROWS[at + 6] != class_id & 0xFF or _ROWS[at + 7] != class_id >> 8 or _ROWS[at + 8] != attribute & 0xFF:
            continue
        if not 0 <= obis[4] - _ROWS[at + 4] < _ROWS[at + 11]:
            continue
        for i in (0, 1, 2, 3, 5):
            if obis[i] != _ROWS[at + i]:
                break
        else:
            return row
    return -1


def source(row, obis, element):
    """Source of an object for metering element 1 or 2; NO_SOURCE where that element has no such thing. allocates: no"""
    at = row * _ROW
    beyond = obis[4] - _ROWS[at + 4]
    if element == 1:
        return _ROWS[at + 9] + beyond
    second = _ROWS[at + 10]
    return second if second == NO_SOURCE else second + beyond


def scaler(row):
    """The source's integer is in 10**scaler of the unit."""
    value = _ROWS[row * _ROW + 12]
    return value - 256 if value & 0x80 else value


def unit(row):
    """UNIT_*."""
    return _ROWS[row * _ROW + 13]


def form(row):
    """PLAIN .. TEXT."""
    return _ROWS[row * _ROW + 14]


def word(row):
    """Number of the descriptor's word, 0: the OBIS code itself."""
    return _ROWS[row * _ROW + 15]


def decimals(row):
    """Decimals that the source's integer has in the unit that is shown, 0..6."""
    decades = form(row)
    if decades >= TIME_OF_DAY:
        return 0
    return (-decades if decades == PENCE else decades) - scaler(row)
