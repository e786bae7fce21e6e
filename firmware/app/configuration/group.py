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
_WORDS = const(4)  # of a field: name,
_LOW = const(1)
_HIGH = const(2)
_DEFAULT = const(3)
TOGETHER = const(255)  # each value may be, but not all at once


class Group:
    """fields: text, a line with the title of the group, then a line "name minimum maximum default" a field, then lines "# name:
    remark" for people. Values are ints within -2**30..2**30-1; the order is that of the stored record and only ever grows at
    its end.

    Each name becomes an attribute; one that begins with a dot none: those are rows[0..] in their order, for settings that are
    read by a number. rule: callable(group) -> True when the values go together.
    """

    _held = None  # words of the text, in a copy

    def __init__(self, fields, rule=None, like=None):
        """like: another group of these fields, whose copy for a while this is; None: with the factory's values."""
        self.fields = fields
        self.rule = rule
        rows = fields.count("\n.")
        if rows:
            self.rows = array("i", [0] * rows)
        if like is None:
            self.reset()
        else:
            self._held = words = like._words()
            self._take(words, like._values(words))

    @property
    def count(self):
        """Number of fields."""
        return self.fields.count("\n") - self.fields.count("\n#") - 1

    @property
    def size(self):
        """Bytes of all values when packed."""
        return FIELD_BYTES * self.count

    def reset(self):
        """Factory defaults."""
        words = self._words()
        self._take(words, _numbers(words, _DEFAULT))

    def defaults(self):
        """list of the factory's values. allocates"""
        return _numbers(self._words(), _DEFAULT)

    def fault(self):
        """Number of a field that is out of its limits, TOGETHER when the values do not go together, or None."""
        words = self._words()
        at = 0
        for value in self._values(words):
            if not int(words[at + _LOW]) <= value <= int(words[at + _HIGH]):
                return at // _WORDS
            at += _WORDS
        if self.rule is not None and not self.rule(self):
            return TOGETHER
        return None

    def values(self):
        """list of all values in the order of the fields. allocates"""
        return self._values(self._words())

    def take(self, values):
        """As many fields as there are values, from the first one on; the others stay as they are."""
        self._take(self._words(), values)

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

    def take_over(self, copy):
        """The values of a copy of this group. returns: True when they are others"""
        words = copy._words()
        values = copy._values(words)
        changed = values != self._values(words)
        self._take(words, values)
        return changed

    def _words(self):
        """Name, minimum, maximum, default of each field, one after the other. A copy goes through its text once."""
        if self._held is not None:
            return self._held
        return self.fields[self.fields.find("\n") :].split("#", 1)[0].split()

    def _values(self, words):
        found = []
        row = 0
        for at in range(0, len(words), _WORDS):
            name = words[at]
            if name.startswith("."):
                found.append(self.rows[row])
                row += 1
            else:
                found.append(getattr(self, name))
        return found

    def _take(self, words, values):
        row = 0
        for n in range(min(len(values), len(words) // _WORDS)):
            name = words[n * _WORDS]
            if name.startswith("."):
                self.rows[row] = values[n]
                row += 1
            else:
                setattr(self, name, values[n])

    # By name: for tools and tests

    @property
    def title(self):
        return self.fields.split("\n")[0]

    def field_names(self):
        words = self._words()
        return [words[at].lstrip(".") for at in range(0, len(words), _WORDS)]

    def limits_of(self, n):
        """(minimum, maximum, default, remark) of field n."""
        at = n * _WORDS
        words = self._words()
        mark = "\n# " + words[at].lstrip(".") + ": "
        remark = self.fields[self.fields.find(mark) + len(mark) :].split("\n")[0] if mark in self.fields else ""
        return int(words[at + _LOW]), int(words[at + _HIGH]), int(words[at + _DEFAULT]), remark

    def value_of(self, name):
        return self.values()[self.field_names().index(name)]

    def set_value(self, name, value):
        values = self.values()
        values[self.field_names().index(name)] = value
        self.take(values)


def _numbers(words, which):
    return [int(words[at + which]) for at in range(0, len(words), _WORDS)]
