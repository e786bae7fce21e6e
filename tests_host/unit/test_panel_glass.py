# SPDX-License-Identifier: MIT
"""app.panel.glass: glyph bytes and places as in the glass drawing, numbers as they must be read."""

from app.panel import glass
from micropython import heap_lock, heap_unlock

# Segments of each glyph by name, read off a seven-segment drawing; bits in NXP order a c b DP | f e g d.
BIT = {"a": 0x80, "c": 0x40, "b": 0x20, "f": 0x08, "e": 0x04, "g": 0x02, "d": 0x01}
SHAPES = {
    "0": "abcdef",
    "1": "bc",
    "2": "abged",
    "3": "abgcd",
    "4": "fgbc",
    "5": "afgcd",
    "6": "afgedc",
    "7": "abc",
    "8": "abcdefg",
    "9": "abfgcd",
    "A": "abcefg",
    "b": "fegcd",
    "C": "afed",
    "c": "ged",
    "d": "bcdeg",
    "E": "afged",
    "F": "afge",
    "H": "fegbc",
    "h": "fegc",
    "L": "fed",
    "n": "egc",
    "o": "egcd",
    "P": "afbge",
    "r": "eg",
    "S": "afgcd",
    "t": "fged",
    "U": "fedcb",
    "u": "edc",
    "y": "fgbcd",
    "-": "g",
    "_": "d",
    " ": "",
}


def read(frame):
    """The eight digits as text, point after a digit as '.'; unknown shapes as '?'."""
    out = ""
    for byte in frame[:8]:
        found = "?"
        for name in " 0123456789-":
            if sum([BIT[s] for s in SHAPES[name]]) == byte & 0xEF:
                found = name
        out += found + ("." if byte & 0x10 else "")
    return out


def shown(value, decimals=0, width=8):
    frame = bytearray(b"\xff" * 16)
    glass.number(frame, value, decimals, width)
    assert frame[8:] == b"\xff" * 8, "only the digits are written"
    return read(frame)


def test_every_glyph():
    for name, shape in SHAPES.items():
        assert glass.glyph(ord(name)) == sum([BIT[s] for s in shape]), name


def test_letters_fall_back_to_the_other_case_and_then_to_blank():
    assert glass.glyph(ord("a")) == glass.glyph(ord("A"))
    assert glass.glyph(ord("B")) == glass.glyph(ord("b"))
    assert glass.glyph(ord("T")) == glass.glyph(ord("t"))
    for name in "KMVWXZkmvwxz!@[{":
        assert glass.glyph(ord(name)) == 0, name
    assert glass.glyph(0) == glass.glyph(127) == glass.glyph(255) == 0


def test_places_of_the_elements():
    # (SEG, COM) of each, from the table of the glass.
    places = {
        "L1": (16, 3),
        "L2": (18, 3),
        "TEST": (20, 3),
        "RATE": (22, 3),
        "K": (24, 0),
        "W": (24, 1),
        "H": (24, 2),
        "VAR": (24, 3),
        "A": (25, 0),
        "V": (25, 1),
        "HZ": (25, 2),
        "PF": (25, 3),
        "POUND": (26, 0),
        "PENCE": (26, 1),
        "PREPAY": (26, 2),
        "TAMPER": (26, 3),
        "IMPORT": (27, 0),
        "EXPORT": (27, 1),
        "REVERSE": (27, 2),
        "WARNING": (27, 3),
        "HAN": (28, 0),
        "HAN_BAR_1": (28, 1),
        "HAN_BAR_2": (28, 2),
        "HAN_BAR_3": (28, 3),
        "HAN_BAR_4": (29, 0),
        "K1_OPEN": (29, 1),
        "K1_CLOSED": (29, 2),
        "BATTERY": (29, 3),
        "K2_OPEN": (30, 0),
        "K2_CLOSED": (30, 1),
        "K3_OPEN": (30, 2),
        "K3_CLOSED": (30, 3),
        "LOCK": (31, 0),
        "SUN": (31, 1),
        "VAR_H": (31, 2),
    }
    for name, place in places.items():
        seg, com = place
        frame = bytearray(16)
        glass.light(frame, getattr(glass, name))
        expected = bytearray(16)
        expected[seg // 2] = (0x80 if seg % 2 == 0 else 0x08) >> com
        assert frame == expected, name


def test_signs_are_the_elements_of_their_names():
    for name in ("TAMPER", "IMPORT", "EXPORT", "REVERSE", "WARNING", "HAN", "BATTERY", "LOCK", "TEST"):
        assert written(getattr(glass, "SIGN_" + name)) == lit(name), name
    assert written(1 << glass.AT_ELEMENTS) == lit("L1") and written(2 << glass.AT_ELEMENTS) == lit("L2")
    assert written(glass.SIGN_HAN_BARS) == lit("HAN_BAR_1", "HAN_BAR_2", "HAN_BAR_3", "HAN_BAR_4")
    for k in ("K1", "K2", "K3"):
        at = getattr(glass, "AT_" + k)
        assert written(1 << at) == lit(k + "_CLOSED") and written(2 << at) == lit(k + "_OPEN"), k


def written(signs):
    """The frame of signs, written over everything lit: what is no sign has stayed, and is taken off."""
    frame = bytearray(b"\xff" * 16)
    glass.signs(frame, signs)
    beside = lit("K", "W", "H", "VAR", "A", "V", "HZ", "PF", "POUND", "PENCE", "VAR_H")
    for i in range(16):
        stays = beside[i] | (0xFF if i < 8 else 0xEF if i < 12 else 0)
        assert frame[i] & stays == stays
        frame[i] &= 0xFF ^ stays
    return frame


def lit(*names):
    frame = bytearray(16)
    for name in names:
        glass.light(frame, getattr(glass, name))
    return frame


def test_units():
    # SEG 24: k, W, h, var; SEG 25: A, V, Hz, PF; SEG 26: pound, p. SEG 31: the h of varh.
    cases = (
        (glass.UNIT_NONE, 0x00, 0x00),
        (glass.UNIT_WH, 0x60, 0x00),
        (glass.UNIT_KWH, 0xE0, 0x00),
        (glass.UNIT_VAR, 0x10, 0x00),
        (glass.UNIT_KVAR, 0x90, 0x00),
        (glass.UNIT_VARH, 0x10, 0x00, 0x02),
        (glass.UNIT_KVARH, 0x90, 0x00, 0x02),
        (glass.UNIT_W, 0x40, 0x00),
        (glass.UNIT_KW, 0xC0, 0x00),
        (glass.UNIT_VA, 0x0C, 0x00),
        (glass.UNIT_KVA, 0x8C, 0x00),
        (glass.UNIT_VAH, 0x2C, 0x00),
        (glass.UNIT_KVAH, 0xAC, 0x00),
        (glass.UNIT_V, 0x04, 0x00),
        (glass.UNIT_A, 0x08, 0x00),
        (glass.UNIT_HZ, 0x02, 0x00),
        (glass.UNIT_PF, 0x01, 0x00),
        (glass.UNIT_POUND, 0x00, 0x80),
        (glass.UNIT_PENCE, 0x00, 0x40),
    )
    for case in cases:
        unit, byte_12, byte_13 = case[:3]
        byte_15 = case[3] if len(case) > 3 else 0
        frame = bytearray(16)
        marks = bytearray(glass.MARKS + 1)
        glass.marks_into(marks, 1, b"    ", unit)
        glass.label(frame, marks, 1)
        assert frame == bytes(12) + bytes([byte_12, byte_13, 0, byte_15]), unit
        glass.no_unit(frame)
        assert frame == bytes(16), unit


def test_numbers_are_right_aligned_with_blank_leading_zeros():
    assert shown(0) == "       0"
    assert shown(7) == "       7"
    assert shown(90210) == "   90210"
    assert shown(12345678) == "12345678"


def test_decimals():
    assert shown(1234567, 2) == " 12345.67"
    assert shown(5, 2) == "     0.05"
    assert shown(0, 3) == "    0.000"
    assert shown(12345678, 7) == "1.2345678"
    assert shown(100, 2) == "     1.00"


def test_overflow_shows_the_least_significant_digits_with_their_zeros():
    assert shown(123456789) == "23456789"
    assert shown(100000042) == "00000042"
    assert shown(999999999, 2) == "999999.99"
    assert shown(123456, 0, 5) == "   23456"
    assert shown(100005, 1, 5) == "   0000.5"


def test_negative():
    assert shown(-1) == "      -1"
    assert shown(-995, 3) == "   -0.995"
    assert shown(-1234567) == "-1234567"
    assert shown(-12345678) == "12345678"  # no place for the sign
    assert shown(-12345, 0, 5) == "  -12345"


def test_pairs_and_dashes():
    frame = bytearray(16)
    glass.pair(frame, 0, 9, False)
    glass.put(frame, 2, -1)
    glass.pair(frame, 3, 0, True)
    glass.pair(frame, 6, 59, False)
    assert read(frame) == "09-00. 59"
    glass.window(frame, b"--------", 0)
    assert read(frame) == "--------"
    assert frame[8:] == bytes(8)


def test_text_puts_points_behind_digits():
    frame = bytearray(16)
    glass.window(frame, b"1.20.3", 0)
    assert read(frame) == "1.20.3    "
    glass.window(frame, b"123456789", 0)
    assert read(frame) == "12345678"
    frame = bytearray(16)
    glass.window(frame, b".5", 0)  # no digit before it: nothing to carry the point
    assert read(frame) == "5       "


def test_descriptor_leaves_the_words_beside_it():
    frame = bytearray(16)
    glass.light(frame, glass.L1)
    glass.light(frame, glass.RATE)
    glass.descriptor(frame, b"dAtE")
    assert frame == bytes(8) + bytes([0x67 | 0x10, 0xEE, 0x0F, 0x8F | 0x10]) + bytes(4)
    glass.descriptor(frame, b"    ")
    assert frame == bytes(8) + bytes([0x10, 0, 0, 0x10]) + bytes(4)


def test_fill():
    frame = bytearray(16)
    glass.fill(frame, 0xFF)
    assert frame == b"\xff" * 16
    glass.fill(frame, 0)
    assert frame == bytes(16)


def test_nothing_allocates():
    frame = bytearray(16)
    heap_lock()
    glass.fill(frame, 0)
    glass.number(frame, -999999999, 2)
    glass.number(frame, 999999999, 3, 7)
    glass.pair(frame, 0, 59, True)
    glass.window(frame, b"1.2.3", 0)
    glass.descriptor(frame, b"SoFt")
    glass.marks_into(frame, 8, b"SoFt", glass.UNIT_KVAH)
    glass.no_unit(frame)
    glass.signs(frame, glass.SIGN_LOCK)
    glass.light(frame, glass.SUN)
    glass.hexadecimal(frame, 0x1ABCDEF)
    heap_unlock()
