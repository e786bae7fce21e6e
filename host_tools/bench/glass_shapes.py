# SPDX-License-Identifier: MIT
"""The drawing of the glass: every element as polygons in a 960 x 330 plane (x right, y down), no fonts, no curves.

A shape is a list of polygons, a polygon a list of (x, y), always in the same sense of rotation, so that overlapping
ones unite whatever the renderer's fill rule makes of them.
"""

import math

WIDTH = 960
HEIGHT = 330

# Letters as strokes on a grid 8 wide and 12 high (descender to 15): polylines separated by ';'.
_STROKES = {
    "A": "0,12 4,0 8,12;2,8 6,8",
    "E": "8,0 0,0 0,12 8,12;0,6 6,6",
    "F": "8,0 0,0 0,12;0,6 6,6",
    "H": "0,0 0,12;8,0 8,12;0,6 8,6",
    "I": "1,0 1,12",
    "K": "0,0 0,12;8,0 0,7;3,5 8,12",
    "L": "0,0 0,12 7,12",
    "M": "0,12 0,0 4,6 8,0 8,12",
    "P": "0,12 0,0 6,0 8,2 8,4 6,6 0,6",
    "R": "0,12 0,0 6,0 8,2 8,4 6,6 0,6;4,6 8,12",
    "S": "8,2 6,0 2,0 0,2 0,4 2,6 6,6 8,8 8,10 6,12 2,12 0,10",
    "T": "0,0 8,0;4,0 4,12",
    "V": "0,0 4,12 8,0",
    "W": "0,0 2,12 5,3 8,12 10,0",
    "X": "0,0 8,12;8,0 0,12",
    "Y": "0,0 4,6 8,0;4,6 4,12",
    "1": "1,2 3,0 3,12",
    "2": "0,2 2,0 6,0 8,2 8,4 0,12 8,12",
    "3": "0,1 2,0 6,0 8,2 8,4 6,6 3,6;6,6 8,8 8,10 6,12 2,12 0,11",
    "a": "0,5 1,4 5,4 6,5 6,12 2,12 0,11 0,9 2,8 6,8",
    "h": "0,0 0,12;0,6 2,4 4,4 6,6 6,12",
    "k": "0,0 0,12;6,4 0,9;2,7 6,12",
    "p": "0,4 0,15;0,6 2,4 4,4 6,6 6,10 4,12 0,12",
    "r": "0,4 0,12;0,6 2,4 5,4",
    "v": "0,4 3,12 6,4",
    "z": "0,4 6,4 0,12 6,12",
    "\u00a3": "7,2 6,0 4,0 2,2 2,9 0,12 8,12;0,6 5,6",
}


def _turned(polygon):
    """The polygon with its vertices in the common sense of rotation."""
    area = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1], strict=True))
    return polygon if area > 0 else polygon[::-1]


def box(x, y, width, height):
    return [[(x, y), (x + width, y), (x + width, y + height), (x, y + height)]]


def disc(x, y, radius, corners=16):
    step = 2 * math.pi / corners
    return [[(x + radius * math.cos(n * step), y + radius * math.sin(n * step)) for n in range(corners)]]


def line(points, thickness):
    """A polyline with round ends and joints."""
    shape = []
    half = thickness / 2
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        length = math.hypot(x1 - x0, y1 - y0)
        dx, dy = (x1 - x0) / length * half, (y1 - y0) / length * half
        shape.append(_turned([(x0 - dy, y0 + dx), (x1 - dy, y1 + dx), (x1 + dy, y1 - dx), (x0 + dy, y0 - dx)]))
    for x, y in points:
        shape += disc(x, y, half, 12)
    return shape


def word(characters, x, y, height, thickness):
    """Text with its capitals' top left at (x, y); `height` of a capital, line thickness included."""
    shape = []
    unit = (height - thickness) / 12
    left = x + thickness / 2
    for character in characters:
        right = 0
        for stroke in _STROKES[character].split(";"):
            grid = [tuple(int(n) for n in point.split(",")) for point in stroke.split()]
            right = max(right, *(gx for gx, _ in grid))
            shape += line([(left + gx * unit, y + thickness / 2 + gy * unit) for gx, gy in grid], thickness)
        left += right * unit + 1.9 * thickness
    return shape


def _bar(start, end, half, gap):
    """A segment of a digit between two nodes: a hexagon, pointed at both ends, `gap` short of the nodes."""
    (x0, y0), (x1, y1) = start, end
    if y0 == y1:
        x0, x1 = x0 + gap, x1 - gap
        return [
            (x0, y0),
            (x0 + half, y0 - half),
            (x1 - half, y0 - half),
            (x1, y0),
            (x1 - half, y0 + half),
            (x0 + half, y0 + half),
        ]
    y0, y1 = y0 + gap, y1 - gap
    return [
        (x0, y0),
        (x0 + half, y0 + half),
        (x0 + half, y1 - half),
        (x0, y1),
        (x0 - half, y1 - half),
        (x0 - half, y0 + half),
    ]


def digit(x, y, width, height, *, thickness, slant=0.11):
    """Segments "a".."g" and "dp" of a digit with its box at (x, y): dict name -> shape. Leans by `slant`."""
    h = thickness / 2
    gap = thickness / 9
    left, right, top, middle, bottom = h, width - h, h, height / 2, height - h
    bars = {
        "a": _bar((left, top), (right, top), h, gap),
        "g": _bar((left, middle), (right, middle), h, gap),
        "d": _bar((left, bottom), (right, bottom), h, gap),
        "f": _bar((left, top), (left, middle), h, gap),
        "b": _bar((right, top), (right, middle), h, gap),
        "e": _bar((left, middle), (left, bottom), h, gap),
        "c": _bar((right, middle), (right, bottom), h, gap),
        "dp": disc(width + 0.85 * thickness, bottom, 0.58 * thickness)[0],
    }
    return {
        name: [_turned([(x + px + (height - py) * slant, y + py) for px, py in polygon])]
        for name, polygon in bars.items()
    }


def arrow(x, y, width, height, left):
    """A block arrow in the box; to the left or to the right."""
    half = y + height / 2
    head = height * 0.62
    shaft = height * 0.17
    outline = [
        (x, half - shaft),
        (x + width - head, half - shaft),
        (x + width - head, y),
        (x + width, half),
        (x + width - head, y + height),
        (x + width - head, half + shaft),
        (x, half + shaft),
    ]
    if left:
        outline = [(2 * x + width - px, py) for px, py in outline]
    return [_turned(outline)]


def antenna(x, y, height):
    width = height * 0.75
    middle = x + width / 2
    return line(
        [(middle, y + height), (middle, y), (x, y), (middle, y + height * 0.5), (x + width, y), (middle, y)], 3.5
    )


def warning(x, y, height):
    width = height * 1.12
    frame = line([(x, y + height), (x + width / 2, y), (x + width, y + height), (x, y + height)], 4)
    middle = x + width / 2
    return (
        frame
        + line([(middle, y + height * 0.36), (middle, y + height * 0.66)], 4)
        + disc(middle, y + height * 0.83, 2.4)
    )


def battery(x, y, width, height):
    case = line([(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)], 3.5)
    nub = box(x + width + 1, y + height * 0.28, 5, height * 0.44)
    return case + nub + box(x + 5, y + 5, 7, height - 10)


def lock(x, y, height):
    width = height * 0.72
    body = box(x, y + height * 0.45, width, height * 0.55)
    top = y + height * 0.14
    inner = width * 0.18
    shackle = [(x + inner, y + height * 0.5), (x + inner, top + 4), (x + inner + 4, top)]
    shackle += [(x + width - inner - 4, top), (x + width - inner, top + 4), (x + width - inner, y + height * 0.5)]
    return body + line(shackle, 4)


def sun(x, y, radius):
    shape = disc(x, y, radius * 0.48)
    for n in range(8):
        c, s = math.cos(n * math.pi / 4), math.sin(n * math.pi / 4)
        shape += line([(x + radius * 0.72 * c, y + radius * 0.72 * s), (x + radius * c, y + radius * s)], 3.2)
    return shape


def contactor_print(x, y, label):
    """What is printed on the glass of a contactor: its name, two leads and two terminals, 118 wide."""
    shape = word(label, x - 6, y - 11, 22, 3)
    shape += line([(x + 38, y), (x + 50, y)], 3.5) + disc(x + 52, y, 4.5)
    return shape + disc(x + 98, y, 4.5) + line([(x + 100, y), (x + 114, y)], 3.5)


def contactor_open(x, y):
    return line([(x + 59, y - 5), (x + 92, y - 25)], 5)


def contactor_closed(x, y):
    return line([(x + 60, y), (x + 90, y)], 5)
