# SPDX-License-Identifier: MIT
"""A group of settings: named integers with limits and factory defaults, read by the engines as plain attributes.

The groups of a meter are stored, changed and exported together (app.configuration.configuration); a group knows only itself.
"""

from struct import pack_into, unpack_from

from micropython import const

FIELD_BYTES = const(4)


class Group:
    """fields: tuple of (name, minimum, maximum, default), ints within -2**30..2**30-1; the order is that of the stored record
    and only ever grows at its end. Each name becomes an attribute. rule: callable(group) -> True when the values go together.
    """

    def __init__(self, title, fields, rule=None):
        self.title = title
        self.fields = fields
        self.rule = rule
        self.size = FIELD_BYTES * len(fields)
        self.reset()

    def reset(self):
        """Factory defaults."""
        for field in self.fields:
            setattr(self, field[0], field[3])

    def fault(self):
        """Name of a field that is out of its limits, the title when the values do not go together, or None."""
        for name, low, high, _ in self.fields:
            if not low <= getattr(self, name) <= high:
                return name
        if self.rule is not None and not self.rule(self):
            return self.title
        return None

    def pack_into(self, buf, at, count=255):
        """The first `count` values, `size` bytes when it is all of them, each i32 little-endian."""
        for field in self.fields[:count]:
            pack_into("<i", buf, at, getattr(self, field[0]))
            at += FIELD_BYTES

    def unpack_from(self, buf, at, count):
        """The first `count` fields from buf; those that it is too old to know keep their defaults."""
        self.reset()
        self.take_from(buf, at, count)

    def take_from(self, buf, at, count):
        """The first `count` fields from buf, as many of them as there are; the others stay as they are."""
        for field in self.fields[:count]:
            setattr(self, field[0], unpack_from("<i", buf, at)[0])
            at += FIELD_BYTES

    def copy_from(self, other):
        """Take over the values of another group of the same fields."""
        for field in self.fields:
            setattr(self, field[0], getattr(other, field[0]))
