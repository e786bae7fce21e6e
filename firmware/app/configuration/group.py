# SPDX-License-Identifier: MIT
"""A group of settings: named integers with limits and factory defaults, read by the engines as plain attributes.

The groups of a meter are stored, changed and exported together (app.configuration.configuration); a group knows only itself.
Its fields are text, which stays in the ROM of the image, and are read from it when they are asked for: at boot and while a
change is judged.
"""

from array import array
from struct import pack_into, unpack_from

from micropython import const

FIELD_BYTES = const(4)
TOGETHER = const(255)  # each value may be, but not all at once


class Group:
    """fields: text, a line with the title of the group, then "name minimum maximum default" and perhaps a remark a line; the
    last line ends as well. Values are ints within -2**30..2**30-1; the order is that of the stored record and only ever grows
    at its end.

    Each name becomes an attribute; one that begins with a dot none: those are rows[0..] in their order, for settings that are
    read by a number. rule: callable(group) -> True when the values go together.
    """

    def __init__(self, fields, rule=None):
        self.fields = fields
        self.rule = rule
        rows = fields.count("\n.")
        if rows:
            self.rows = array("i", [0] * rows)
        self.reset()

    @property
    def count(self):
        """Number of fields."""
        return self.fields.count("\n") - 1

    @property
    def size(self):
        """Bytes of all values when packed."""
        return FIELD_BYTES * self.count

    def reset(self):
        """Factory defaults."""
        self.take(self.defaults())

    def defaults(self):
        """list of the factory's values. allocates"""
        return [int(words[3]) for words in self._words()]

    def fault(self):
        """Number of a field that is out of its limits, TOGETHER when the values do not go together, or None."""
        values = self.values()
        words = self._words()
        for n in range(self.count):
            if not int(words[n][1]) <= values[n] <= int(words[n][2]):
                return n
        if self.rule is not None and not self.rule(self):
            return TOGETHER
        return None

    def values(self):
        """list of all values in the order of the fields. allocates"""
        found = []
        row = 0
        for words in self._words():
            name = words[0]
            if name[0] == ".":
                found.append(self.rows[row])
                row += 1
            else:
                found.append(getattr(self, name))
        return found

    def take(self, values):
        """As many fields as there are values, from the first one on; the others stay as they are."""
        words = self._words()
        row = 0
        for n in range(min(len(values), self.count)):
            name = words[n][0]
            if name[0] == ".":
                self.rows[row] = values[n]
                row += 1
            else:
                setattr(self, name, values[n])

    def pack_into(self, buf, at, count=255):
        """The first `count` values, `size` bytes when it is all of them, each i32 little-endian."""
        for value in self.values()[:count]:
            pack_into("<i", buf, at, value)
            at += FIELD_BYTES

    def unpack_from(self, buf, at, count):
        """The first `count` fields from buf; those that it is too old to know keep their defaults."""
        self.reset()
        self.take_from(buf, at, count)

    def take_from(self, buf, at, count):
        """The first `count` fields from buf, as many of them as there are; the others stay as they are."""
        self.take([unpack_from("<i", buf, at + FIELD_BYTES * n)[0] for n in range(min(count, self.count))])

    def _words(self):
        return [line.split(" ", 4) for line in self.fields.split("\n")[1:-1]]

    # By name: for tools and tests

    @property
    def title(self):
        return self.fields.split("\n")[0]

    def field_names(self):
        return [words[0].lstrip(".") for words in self._words()]

    def limits_of(self, n):
        """(minimum, maximum, default, remark) of field n."""
        words = self._words()[n]
        return int(words[1]), int(words[2]), int(words[3]), " ".join(words[4:]).lstrip(" #")

    def value_of(self, name):
        return self.values()[self.field_names().index(name)]

    def set_value(self, name, value):
        values = self.values()
        values[self.field_names().index(name)] = value
        self.take(values)
