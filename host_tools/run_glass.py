# SPDX-License-Identifier: MIT
"""The glass for a terminal, bolder than glass.text(): seven-segment digits from box-drawing characters.

Drawn from what is lit and from the glass maker's table (bench/glass.py), like the SVG and the PNG.
"""

from host_tools.bench import glass

WIDTH = 64
HEIGHT = 11

# Arms of a box-drawing character: up 1, right 2, down 4, left 8.
_BOX = " ╹╺┗╻┃┏┣╸┛━┻┓┫┳╋"
_UP, _RIGHT, _DOWN, _LEFT = 1, 2, 4, 8

_WORDS = {
    "HAN": (0, 1, "Ψ"),
    "BAR1": (0, 2, "▂"),
    "BAR2": (0, 3, "▄"),
    "BAR3": (0, 4, "▆"),
    "BAR4": (0, 5, "█"),
    "IMP": (0, 9, "IMP ▶"),
    "EXP": (0, 16, "◀ EXP"),
    "REV": (0, 23, "REV"),
    "WARN": (0, 28, "/!\\"),
    "TAMPER": (0, 33, "TAMPER"),
    "PREPAY": (0, 41, "PREPAY"),
    "LOCK": (0, 49, "LOCK"),
    "SUN": (0, 55, "☼"),
    "BAT": (0, 59, "BAT"),
    "V": (3, 55, "V"),
    "A": (3, 56, "A"),
    "Hz": (3, 59, "Hz"),
    "k": (4, 54, "k"),
    "W": (4, 55, "W"),
    "h": (4, 56, "h"),
    "£": (4, 59, "£"),
    "p": (4, 61, "p"),
    "var": (5, 55, "var"),
    "varh": (5, 58, "h"),
    "PF": (5, 60, "PF"),
    "L1": (9, 21, "L1"),
    "L2": (9, 25, "L2"),
    "TEST": (10, 21, "TEST"),
    "RATE": (10, 27, "RATE"),
}
_PRINT = []
for _n, _column in enumerate((37, 46, 55)):
    _PRINT += [(10, _column, f"K{_n + 1}"), (10, _column + 3, "o"), (10, _column + 6, "o")]
    _WORDS[f"K{_n + 1} open"] = (10, _column + 4, "╱")
    _WORDS[f"K{_n + 1} closed"] = (10, _column + 4, "──")


def _digit(page, names, where, top, left, width, height):
    """One digit in a box of `width` x `height` characters, with its point to the right of it."""

    def on(segment):
        return f"{where}.{segment}" in names

    a, b, c, d, e, f, g = (on(s) for s in "abcdefg")
    middle, bottom, right = top + height // 2, top + height - 1, left + width - 1
    for row, segment in ((top, a), (middle, g), (bottom, d)):
        if segment:
            for column in range(left + 1, right):
                page[row][column] = "━"
    for column, upper, lower in ((left, f, e), (right, b, c)):
        for rows, segment in (((top + 1, middle), upper), ((middle + 1, bottom), lower)):
            if segment:
                for row in range(*rows):
                    page[row][column] = "┃"
        across = _RIGHT if column == left else _LEFT
        page[top][column] = _BOX[across * a + _DOWN * upper]
        page[middle][column] = _BOX[_UP * upper + across * g + _DOWN * lower]
        page[bottom][column] = _BOX[_UP * lower + across * d]
    if on("dp"):
        page[bottom][right + 1] = "▪"


def lines(lit):
    """lit: set of (seg, com). returns: 11 strings of 64 characters"""
    names = glass.names(lit)
    page = [[" "] * WIDTH for _ in range(HEIGHT)]
    for n in range(glass.DIGITS):
        _digit(page, names, f"digit{n + 1}", 2, 2 + 6 * n, 4, 5)
    for n in range(4):
        _digit(page, names, f"text{n + 1}", 8, 2 + 4 * n, 3, 3)
    for row, column, mark in _PRINT + [_WORDS[name] for name in sorted(names & _WORDS.keys())]:
        page[row][column : column + len(mark)] = mark
    return ["".join(row) for row in page]
