# SPDX-License-Identifier: MIT
"""The meter's glass: 32 SEG x 4 COM, eight digits and their company, drawn as text, SVG and PNG.

This is the glass maker's table, written from the drawing of the glass and never taken from the firmware: an element
that the firmware believes to be elsewhere lights the wrong thing here, as it would on the bench. Digits follow NXP's
order for 1:4 drive (PCF8576D datasheet, figure 13): first SEG a c b DP, second f e g d, COM0 first.

`lit` is a set of (seg, com), as a chip model's segments() gives it.
"""

import functools
import io

from PIL import Image, ImageDraw

from host_tools.bench import glass_shapes as shapes

COMMONS = 4
DIGITS = 8
_FIRST_ORDER = ("a", "c", "b", "dp")
_SECOND_ORDER = ("f", "e", "g", "d")

# SEG -> elements on COM0..COM3; digits 1..8 are SEG 0..15, the descriptor's digits 1..4 SEG 16..23 with a word for a
# point.
_WORDS = {16: "L1", 18: "L2", 20: "TEST", 22: "RATE"}
_INDICATORS = {
    24: ("k", "W", "h", "var"),
    25: ("A", "V", "Hz", "PF"),
    26: ("\u00a3", "p", "PREPAY", "TAMPER"),
    27: ("IMP", "EXP", "REV", "WARN"),
    28: ("HAN", "BAR1", "BAR2", "BAR3"),
    29: ("BAR4", "K1 open", "K1 closed", "BAT"),
    30: ("K2 open", "K2 closed", "K3 open", "K3 closed"),
    31: ("LOCK", "SUN", "varh"),
}


def _element_table():
    table = {}
    for n in range(DIGITS + 4):
        where = f"digit{n + 1}" if n < DIGITS else f"text{n - DIGITS + 1}"
        for com in range(COMMONS):
            first = _FIRST_ORDER[com]
            name = f"{where}.{first}" if n < DIGITS or first != "dp" else _WORDS[2 * n]
            table[2 * n, com] = name
            table[2 * n + 1, com] = f"{where}.{_SECOND_ORDER[com]}"
    for seg, names in _INDICATORS.items():
        for com, name in enumerate(names):
            table[seg, com] = name
    return table


# (seg, com) -> name; 127 entries, (31, 3) is not connected.
ELEMENTS = _element_table()


def names(lit):
    """frozenset of the names of what is lit; unconnected elements have none."""
    return frozenset(ELEMENTS[e] for e in lit if e in ELEMENTS)


# --- text
# ---------------------------------------------------------------------------------------------------------------

# Name -> (line, column, characters), inside a frame of 9 lines and 62 columns.
_TEXT_LINES = 9
_TEXT_COLUMNS = 62
_SEGMENT_TEXT = {
    "a": (0, 1, "_"),
    "f": (1, 0, "|"),
    "g": (1, 1, "_"),
    "b": (1, 2, "|"),
    "e": (2, 0, "|"),
    "d": (2, 1, "_"),
    "c": (2, 2, "|"),
    "dp": (2, 3, "."),
}
_TEXT = {
    "HAN": (0, 1, "\u03a8"),
    "BAR1": (0, 2, "\u2582"),
    "BAR2": (0, 3, "\u2584"),
    "BAR3": (0, 4, "\u2586"),
    "BAR4": (0, 5, "\u2588"),
    "IMP": (0, 8, "IMP\u2192"),
    "EXP": (0, 14, "\u2190EXP"),
    "REV": (0, 20, "REV"),
    "WARN": (0, 25, "/!\\"),
    "TAMPER": (0, 30, "TAMPER"),
    "PREPAY": (0, 38, "PREPAY"),
    "LOCK": (0, 46, "LOCK"),
    "SUN": (0, 52, "\u263c"),
    "BAT": (0, 56, "BAT"),
    "V": (2, 40, "V"),
    "A": (2, 42, "A"),
    "Hz": (2, 45, "Hz"),
    "k": (3, 39, "k"),
    "W": (3, 40, "W"),
    "h": (3, 41, "h"),
    "\u00a3": (3, 45, "\u00a3"),
    "p": (3, 47, "p"),
    "var": (4, 40, "var"),
    "varh": (4, 43, "h"),
    "PF": (4, 45, "PF"),
    "L1": (7, 20, "L1"),
    "L2": (7, 23, "L2"),
    "TEST": (8, 20, "TEST"),
    "RATE": (8, 25, "RATE"),
}
_TEXT_PRINT = []
for _n, _column in enumerate((33, 43, 53)):
    _TEXT[f"K{_n + 1} open"] = (8, _column + 4, "/")
    _TEXT[f"K{_n + 1} closed"] = (8, _column + 4, "\u2500\u2500")
    _TEXT_PRINT += [(8, _column, f"K{_n + 1}"), (8, _column + 3, "o"), (8, _column + 6, "o")]
for _n in range(DIGITS):
    for _name, (_line, _column, _mark) in _SEGMENT_TEXT.items():
        _TEXT[f"digit{_n + 1}.{_name}"] = (2 + _line, 2 + 4 * _n + _column, _mark)
for _n in range(4):
    for _name, (_line, _column, _mark) in _SEGMENT_TEXT.items():
        _TEXT[f"text{_n + 1}.{_name}"] = (6 + _line, 2 + 4 * _n + _column, _mark)


def text(lit):
    """The face for a terminal: 11 lines of 64 columns, no trailing newline."""
    page = [[" "] * _TEXT_COLUMNS for _ in range(_TEXT_LINES)]
    for line, column, mark in _TEXT_PRINT + [_TEXT[name] for name in sorted(names(lit))]:
        page[line][column : column + len(mark)] = mark
    rule = "\u2500" * _TEXT_COLUMNS
    rows = ["\u2502" + "".join(row) + "\u2502" for row in page]
    return "\n".join(["\u250c" + rule + "\u2510", *rows, "\u2514" + rule + "\u2518"])


# --- drawing
# ------------------------------------------------------------------------------------------------------------

_CONTACTORS = ((530, 285), (670, 285), (810, 285))


@functools.cache
def _drawing():
    """(shapes of the elements: dict name -> shape, shape of the print)."""
    d = {}
    for n in range(DIGITS):
        for name, shape in shapes.digit(30 + 86 * n, 84, 57, 124, thickness=13.5).items():
            d[f"digit{n + 1}.{name}"] = shape
    for n in range(4):
        for name, shape in shapes.digit(34 + 54 * n, 240, 36, 68, thickness=8.5).items():
            if name != "dp":
                d[f"text{n + 1}.{name}"] = shape
    d["HAN"] = shapes.antenna(30, 22, 34)
    for n in range(4):
        height = 10 + 8 * n
        d[f"BAR{n + 1}"] = shapes.box(64 + 13 * n, 56 - height, 9, height)
    d["IMP"] = shapes.word("IMP", 146, 27, 24, 3.4) + shapes.arrow(204, 26, 40, 26, left=False)
    d["EXP"] = shapes.arrow(266, 26, 40, 26, left=True) + shapes.word("EXP", 314, 27, 24, 3.4)
    d["REV"] = shapes.word("REV", 396, 27, 24, 3.4)
    d["WARN"] = shapes.warning(472, 23, 32)
    d["TAMPER"] = shapes.word("TAMPER", 528, 27, 24, 3.4)
    d["PREPAY"] = shapes.word("PREPAY", 666, 27, 24, 3.4)
    d["LOCK"] = shapes.lock(803, 20, 36)
    d["SUN"] = shapes.sun(858, 39, 18)
    d["BAT"] = shapes.battery(890, 28, 36, 22)
    d["V"] = shapes.word("V", 766, 84, 30, 4)
    d["A"] = shapes.word("A", 798, 84, 30, 4)
    d["Hz"] = shapes.word("Hz", 858, 84, 30, 4)
    d["k"] = shapes.word("k", 746, 126, 36, 5)
    d["W"] = shapes.word("W", 773, 126, 36, 5)
    d["h"] = shapes.word("h", 811, 126, 36, 5)
    d["\u00a3"] = shapes.word("\u00a3", 858, 129, 30, 4)
    d["p"] = shapes.word("p", 890, 129, 30, 4)
    d["var"] = shapes.word("var", 766, 172, 36, 5)
    d["varh"] = shapes.word("h", 766 + 72 + 5 / 12, 172, 36, 5)  # as if it were one word
    d["PF"] = shapes.word("PF", 884, 178, 30, 4)
    d["L1"] = shapes.word("L1", 276, 246, 22, 3.2)
    d["L2"] = shapes.word("L2", 318, 246, 22, 3.2)
    d["TEST"] = shapes.word("TEST", 276, 284, 22, 3.2)
    d["RATE"] = shapes.word("RATE", 372, 284, 22, 3.2)
    printed = []
    for n, (x, y) in enumerate(_CONTACTORS):
        d[f"K{n + 1} open"] = shapes.contactor_open(x, y)
        d[f"K{n + 1} closed"] = shapes.contactor_closed(x, y)
        printed += shapes.contactor_print(x, y, f"K{n + 1}")
    return d, printed


# (glass, element that is off, print, element that is lit), without and with back-light.
_COLOURS = {
    False: ("#b9c4a6", "#b0bb9e", "#6c765f", "#1b231c"),
    True: ("#cfe88f", "#c4dd86", "#6f8050", "#16200f"),
}


def _path(shape):
    return "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in polygon) + "Z" for polygon in shape)


def svg(lit, backlight=False):
    """SVG document. Every element is a path with id "sNcM", class "on" or "off" and a title: a page may toggle the
    class.
    """
    glass, off, printed, on = _COLOURS[bool(backlight)]
    drawing, print_shape = _drawing()
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {shapes.WIDTH} {shapes.HEIGHT}" role="img">',
        f"<style>.on{{fill:{on}}}.off{{fill:{off}}}.print{{fill:{printed}}}</style>",
        f'<rect width="{shapes.WIDTH}" height="{shapes.HEIGHT}" rx="10" fill="{glass}"/>',
        f'<path class="print" d="{_path(print_shape)}"/>',
    ]
    for (seg, com), name in sorted(ELEMENTS.items()):
        state = "on" if (seg, com) in lit else "off"
        path = _path(drawing[name])
        out.append(f'<path id="s{seg}c{com}" class="{state}" d="{path}"><title>{name}</title></path>')
    out.append("</svg>\n")
    return "\n".join(out)


_OVERSAMPLE = 4


@functools.cache
def _mask(name, scale):
    """Coverage of one element ("" = print) as an 8-bit image of its bounding box, and where that is: (mask, x, y)."""
    drawing, print_shape = _drawing()
    shape = drawing[name] if name else print_shape
    fine = scale * _OVERSAMPLE
    points = [[(round(round(x, 6) * fine), round(round(y, 6) * fine)) for x, y in polygon] for polygon in shape]
    left = min(x for polygon in points for x, _ in polygon) // _OVERSAMPLE
    top = min(y for polygon in points for _, y in polygon) // _OVERSAMPLE
    right = max(x for polygon in points for x, _ in polygon) // _OVERSAMPLE + 1
    bottom = max(y for polygon in points for _, y in polygon) // _OVERSAMPLE + 1
    image = Image.new("L", ((right - left) * _OVERSAMPLE, (bottom - top) * _OVERSAMPLE))
    draw = ImageDraw.Draw(image)
    for polygon in points:
        draw.polygon([(x - left * _OVERSAMPLE, y - top * _OVERSAMPLE) for x, y in polygon], fill=255)
    return image.reduce(_OVERSAMPLE), left, top


def image(lit, backlight=False, scale=1):
    """PIL RGB image, 960 x 330 times `scale` (int). The same pixels on every machine: polygons in integers, no
    fonts.
    """
    glass, off, printed, on = _COLOURS[bool(backlight)]
    picture = Image.new("RGB", (shapes.WIDTH * scale, shapes.HEIGHT * scale), glass)

    def paint(name, colour):
        mask, x, y = _mask(name, scale)
        picture.paste(colour, (x, y, x + mask.width, y + mask.height), mask)

    paint("", printed)
    for element, name in ELEMENTS.items():
        if element not in lit:
            paint(name, off)
    for element, name in ELEMENTS.items():
        if element in lit:
            paint(name, on)
    return picture


def png(lit, backlight=False, scale=1):
    """PNG file as bytes."""
    out = io.BytesIO()
    image(lit, backlight, scale).save(out, "PNG", optimize=True)
    return out.getvalue()
