# SPDX-License-Identifier: MIT
"""The glass of this meter: where each element is in the frame, and how to write numbers and letters on it.

Frame: bytearray(16) of port "Panel part" (docs/architecture.md). An element is the int 4 * SEG + COM: bit 7 - (e & 7)
of byte e >> 3. A digit takes two SEG, one byte, in the order of NXP 1:4 drive (PCF8576D datasheet, figure
"Relationships between LCD layout, drive mode, display RAM filling order"): a c b DP | f e g d. Another glass needs
another file of this kind, nothing else.
"""

from micropython import const

# Digits 1..8 from the left, SEG 0..15: one byte each; the descriptor's digits 1..4, SEG 16..23.
DIGITS = const(8)
DESCRIPTOR_DIGITS = const(4)
_DIGIT_BYTE = const(0)
_DESCRIPTOR_BYTE = const(8)
_POINT = const(0x10)

# Where the descriptor's digits would have a point, the glass has a word.
L1 = const(16 * 4 + 3)
L2 = const(18 * 4 + 3)
TEST = const(20 * 4 + 3)
RATE = const(22 * 4 + 3)

K = const(24 * 4 + 0)
W = const(24 * 4 + 1)
H = const(24 * 4 + 2)
VAR = const(24 * 4 + 3)
A = const(25 * 4 + 0)
V = const(25 * 4 + 1)
HZ = const(25 * 4 + 2)
PF = const(25 * 4 + 3)
POUND = const(26 * 4 + 0)
PENCE = const(26 * 4 + 1)
PREPAY = const(26 * 4 + 2)
TAMPER = const(26 * 4 + 3)
IMPORT = const(27 * 4 + 0)
EXPORT = const(27 * 4 + 1)
REVERSE = const(27 * 4 + 2)
WARNING = const(27 * 4 + 3)
HAN = const(28 * 4 + 0)
HAN_BAR_1 = const(28 * 4 + 1)
HAN_BAR_2 = const(28 * 4 + 2)
HAN_BAR_3 = const(28 * 4 + 3)
HAN_BAR_4 = const(29 * 4 + 0)
K1_OPEN = const(29 * 4 + 1)
K1_CLOSED = const(29 * 4 + 2)
BATTERY = const(29 * 4 + 3)
K2_OPEN = const(30 * 4 + 0)
K2_CLOSED = const(30 * 4 + 1)
K3_OPEN = const(30 * 4 + 2)
K3_CLOSED = const(30 * 4 + 3)
LOCK = const(31 * 4 + 0)
SUN = const(31 * 4 + 1)
VAR_H = const(31 * 4 + 2)  # the h that makes var a varh

# Units as their bits: byte 12, byte 13 << 8, byte 15 << 16.
UNIT_NONE = const(0)
UNIT_K = const(0x80)  # before any of them
UNIT_WH = const(0x60)
UNIT_KWH = const(0xE0)
UNIT_VAR = const(0x10)
UNIT_KVAR = const(0x90)
UNIT_VARH = const(0x20010)
UNIT_KVARH = const(0x20090)
UNIT_W = const(0x40)
UNIT_KW = const(0xC0)
UNIT_VA = const(0x0C)
UNIT_KVA = const(0x8C)
UNIT_VAH = const(0x2C)
UNIT_KVAH = const(0xAC)
UNIT_V = const(0x04)
UNIT_A = const(0x08)
UNIT_HZ = const(0x02)
UNIT_PF = const(0x01)
UNIT_POUND = const(0x8000)
UNIT_PENCE = const(0x4000)

# All signs together are one int, which `signs` writes: byte 13, byte 14 << 8, byte 15 << 16, and from bit 24 on the words
# beside the descriptor.
SIGN_TAMPER = const(0x80 >> (TAMPER & 7))
SIGN_IMPORT = const(0x80 >> (IMPORT & 7))
SIGN_EXPORT = const(0x80 >> (EXPORT & 7))
SIGN_REVERSE = const(0x80 >> (REVERSE & 7))
SIGN_WARNING = const(0x80 >> (WARNING & 7))
SIGN_HAN = const((0x80 >> (HAN & 7)) << 8)
SIGN_HAN_BARS = const(0x78 << 8)  # from the highest bit down
SIGN_BATTERY = const((0x80 >> (BATTERY & 7)) << 8)
SIGN_LOCK = const((0x80 >> (LOCK & 7)) << 16)
SIGN_TEST = const(1 << 26)
AT_ELEMENTS = const(24)  # L1, L2
# A contactor's two, open 2 and closed 1, are moved by so much.
AT_K1 = const(9)  # K1_CLOSED is bit 1 of byte 14
AT_K2 = const(22)
AT_K3 = const(20)

_SIGNS_BESIDE = const(0x3F)  # of byte 13: pound and pence, its first two, are units
_VAR_H_BIT = const(0x02)  # of byte 15, a unit's too

_MINUS = const(0x02)
_UNDERSCORE = const(0x01)
_ASCII_DASH = const(0x2D)
_ASCII_POINT = const(0x2E)
_ASCII_0 = const(0x30)
_ASCII_UNDERSCORE = const(0x5F)
_ASCII_SPACE = const(0x20)
_ASCII_BEFORE_A = const(0x37)

# a = 80, c = 40, b = 20, f = 08, e = 04, g = 02, d = 01
_FIGURES = b"\xed\x60\xa7\xe3\x6a\xcb\xcf\xe0\xef\xeb"  # 0..9
# Letters that seven segments can show, in the case that they can; 00: none.
#               A   B   C   D   E   F   G   H   I   J   K   L   M   N   O   P   Q   R   S   T   U   V   W   X   Y   Z
_CAPITALS = b"\xee\x00\x8d\x00\x8f\x8e\x00\x6e\x60\x00\x00\x0d\x00\x00\xed\xae\x00\x00\xcb\x00\x6d\x00\x00\x00\x00\x00"
#               a   b   c   d   e   f   g   h   i   j   k   l   m   n   o   p   q   r   s   t   u   v   w   x   y   z
_SMALLS = b"\x00\x4f\x07\x67\x00\x00\x00\x4e\x00\x00\x00\x00\x00\x46\x47\x00\x00\x06\x00\x0f\x45\x00\x00\x00\x6b\x00"


def glyph(code):
    """Segments of an ASCII code as a digit's byte; a letter that exists in the other case only is shown in that,
    others blank.
    """
    if _ASCII_0 <= code < _ASCII_0 + 10:
        return _FIGURES[code - _ASCII_0]
    if code == _ASCII_DASH:
        return _MINUS
    if code == _ASCII_UNDERSCORE:
        return _UNDERSCORE
    letter = (code | 0x20) - 0x61
    if code < 0x41 or not 0 <= letter < 26:
        return 0
    if code & 0x20:
        return _SMALLS[letter] or _CAPITALS[letter]
    return _CAPITALS[letter] or _SMALLS[letter]


def fill(frame, byte):
    """0xFF lights everything, 0 nothing. allocates: no"""
    for i in range(16):
        frame[i] = byte


def light(frame, element):
    """Light one element. allocates: no"""
    frame[element >> 3] |= 0x80 >> (element & 7)


def number(frame, value, decimals, width=DIGITS):
    """Write `value` * 10**-decimals right-aligned into the last `width` digits, the rest blank. allocates: no

    value: signed small int. decimals: 0..width-1 digits after the point. width: 1..8. Leading zeros are blank but for
    the one before the point. What does not fit is not shown: the least significant digits are, with their zeros. The
    minus sign stands left of the first figure, if there is a place; on a value of 0 it does not occur.
    """
    minus = value < 0
    if minus:
        value = -value
    width = DIGITS - width  # from here on it may be written
    decimals = DIGITS - 1 - decimals  # and from here on there are figures, come what may
    at = DIGITS
    while at > width and (value or at > decimals):
        at -= 1
        frame[at] = _FIGURES[value % 10]
        value //= 10
    if decimals < DIGITS - 1:
        frame[decimals] |= _POINT
    if minus and at:
        at -= 1
        frame[at] = _MINUS
    while at:
        at -= 1
        frame[at] = 0


def pair(frame, digit, value, point):
    """Write 0..99 with its leading zero into digits `digit`, `digit` + 1 (0..6), with the point behind it if
    `point`.
    """
    tens = value // 10
    frame[_DIGIT_BYTE + digit] = _FIGURES[tens % 10]
    frame[_DIGIT_BYTE + digit + 1] = _FIGURES[value - tens * 10] | (_POINT if point else 0)


def put(frame, digit, figure):
    """Write one figure 0..9 into digit `digit` (0..7); -1: a dash. allocates: no"""
    frame[_DIGIT_BYTE + digit] = _MINUS if figure < 0 else _FIGURES[figure]


def descriptor(frame, characters, first=0):
    """Write four of the ASCII bytes, from `first` on, into the descriptor; the words beside it stay as they are.
    allocates: no
    """
    for i in range(DESCRIPTOR_DIGITS):
        at = _DESCRIPTOR_BYTE + i
        frame[at] = frame[at] & _POINT | glyph(characters[first + i])


MARKS = const(7)  # bytes of what stands beside a value: descriptor, unit


def marks_into(marks, at, characters, unit):
    """What stands on the glass beside a value, for `label`: MARKS bytes from marks[at] on, of the descriptor's four ASCII bytes
    and a unit (UNIT_*).
    """
    for i in range(DESCRIPTOR_DIGITS):
        marks[at + i] = glyph(characters[i])
    marks[at + 4] = unit & 0xFF
    marks[at + 5] = unit >> 8 & 0xFF
    marks[at + 6] = unit >> 16


def label(frame, marks, at=0):
    """Write marks[at:] in place of what stood there; all else stays as it is. allocates: no"""
    frame[8] = frame[8] & _POINT | marks[at]
    frame[9] = frame[9] & _POINT | marks[at + 1]
    frame[10] = frame[10] & _POINT | marks[at + 2]
    frame[11] = frame[11] & _POINT | marks[at + 3]
    frame[12] = marks[at + 4]
    frame[13] = frame[13] & _SIGNS_BESIDE | marks[at + 5]
    frame[15] = frame[15] & (0xFF ^ _VAR_H_BIT) | marks[at + 6]


def no_unit(frame):
    """Put out the unit. allocates: no"""
    frame[12] = 0
    frame[13] &= _SIGNS_BESIDE
    frame[15] &= 0xFF ^ _VAR_H_BIT


def signs(frame, lit):
    """Write all signs (SIGN_*), in place of what was lit of them. allocates: no"""
    frame[13] = frame[13] & (0xFF ^ _SIGNS_BESIDE) | lit & _SIGNS_BESIDE
    frame[14] = lit >> 8 & 0xFF
    frame[15] = frame[15] & _VAR_H_BIT | lit >> 16 & 0xFF
    for i in range(DESCRIPTOR_DIGITS):
        at = _DESCRIPTOR_BYTE + i
        frame[at] = frame[at] & (0xFF ^ _POINT) | lit >> 20 + i & _POINT


def hexadecimal(frame, value, width=DIGITS):
    """Write `value` (small int >= 0) in `width` hexadecimal digits, right-aligned, the rest blank. allocates: no"""
    at = _DIGIT_BYTE + DIGITS
    for _ in range(width):
        at -= 1
        rest = value & 15
        frame[at] = glyph(rest + (_ASCII_0 if rest < 10 else _ASCII_BEFORE_A))
        value >>= 4
    while at > _DIGIT_BYTE:
        at -= 1
        frame[at] = 0


def window(frame, characters, first):
    """Write eight of the ASCII bytes from `first` on, blank where there are none; '.' is the point of the digit before it.
    allocates: no
    """
    at = _DIGIT_BYTE
    end = len(characters)
    while at < _DIGIT_BYTE + DIGITS or (first < end and characters[first] == _ASCII_POINT):
        code = characters[first] if first < end else _ASCII_SPACE
        first += 1
        if code == _ASCII_POINT:
            if at > _DIGIT_BYTE:
                frame[at - 1] |= _POINT
        else:
            frame[at] = glyph(code)
            at += 1
