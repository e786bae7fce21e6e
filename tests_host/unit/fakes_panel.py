# SPDX-License-Identifier: MIT
"""A panel on fakes, with a reader of its own for the frame, and the things that may be fitted to it."""

from app import ticks
from app.panel import gestures, items
from app.panel.commands import Commands
from app.panel.panel import Panel
from app.panel.privacy import Privacy
from app.panel.readings import Readings
from app.panel.view import View

START = (1 << 30) - 4000  # the tick wraps during the start test

# Digit byte -> character (a c b DP | f e g d), written from the drawing of seven segments.
CHARACTERS = {
    0x00: " ",
    0xED: "0",
    0x60: "1",
    0xA7: "2",
    0xE3: "3",
    0x6A: "4",
    0xCB: "5",  # and S
    0xCF: "6",
    0xE0: "7",
    0xEF: "8",
    0xEB: "9",
    0x02: "-",
    0x6D: "U",
    0x0F: "t",
    0x8D: "C",
    0x67: "d",
    0xEE: "A",
    0x8F: "E",
    0x47: "o",
    0x8E: "F",
    0x0D: "L",
    0x06: "r",
    0x46: "n",
    0x4F: "b",
    0x6B: "y",
    0x6E: "H",
    0xAE: "P",
    0x07: "c",
    0x4E: "h",
    0x45: "u",
}


class Lcd:
    def __init__(self):
        self.frame = bytes(16)
        self.quiet = False

    def start(self):
        self.frame = bytes(16)

    def write(self, frame):
        if not self.quiet:
            self.frame = bytes(frame)

    def refresh(self, frame):
        self.write(frame)


class Cold:
    """ColdStore, as far as one record goes."""

    def __init__(self):
        self.stored = None
        self.full = False
        self.quiet = False

    def save(self, cold_id, buf):
        if self.full or self.quiet:
            return self.quiet
        self.stored = bytes(buf)
        return True

    def load_into(self, cold_id, buf):
        if self.stored is None:
            return 0
        buf[:] = self.stored
        return len(self.stored)


class Door:
    """Notes what is submitted; result: what it answers."""

    def __init__(self):
        self.asked = []
        self.result = 0
        self.quiet = False

    def submit(self, source, code, argument, now_ms):
        if not self.quiet:
            self.asked.append((source, code))
        return self.result


class Alcs:
    def __init__(self):
        self.boost_left_min = 0
        self.result = 0

    def boost(self, minutes, now_ms):
        if not self.result:
            self.boost_left_min = minutes
        return self.result

    def cancel_boost(self, now_ms):
        self.boost_left_min = 0
        return self.result


class Installation:
    def __init__(self, step):
        self.step = step
        self.number = 0


class Screen:
    """Somebody else's mode: short B leaves it."""

    def __init__(self):
        self.entered = 0

    def enter(self, now_ms):
        self.entered += 1

    def key(self, event, now_ms):
        return event != gestures.B_SHORT

    def draw(self, frame):
        frame[7] = 0xEF


class Rig:
    """A panel; `run(ms)` ticks it every 50 ms and leaves the frame of the last moment."""

    def __init__(
        self, records=None, elements=1, alcs=None, installation=None, prepayment=None, utrn=None, readings=None
    ):
        self.lcd = Lcd()
        self.light = None
        self.view = View(elements)
        self.view.restored = self.view.quantities_valid = self.view.clock_valid = 1
        self.door = Door()
        self.events = []
        self.cold = Cold()
        self.privacy = Privacy(self.cold, 24)
        self.changes = 0
        self.commands = Commands(self.door, self._log, alcs, self._changed)
        self.readings = Readings(version=b"1.2.3") if readings is None else readings
        self.items = items.default_list() if records is None else items.Items(records)
        self.panel = Panel(
            self.lcd,
            None,
            self.items,
            b"1.2.3",
            readings=self.readings,
            privacy=self.privacy,
            commands=self.commands,
            installation=installation,
            prepayment=prepayment,
            utrn=utrn,
        )
        self.modes = self.panel.modes
        self.settings = self.modes.settings
        self.ms = 0
        self.run(5000)

    def _log(self, code, extra):
        if not self.cold.quiet:
            self.events.append((code, extra))

    def _changed(self):
        self.changes += 1

    def quiet(self):
        """The fakes note nothing from now on: noting allocates."""
        self.cold.quiet = self.door.quiet = self.lcd.quiet = True

    @property
    def now(self):
        return ticks.add(START, self.ms)

    def run(self, ms):
        for _ in range(0, ms, 50):
            self.panel.tick(self.now, self.view)
            self.ms += 50
        self.panel.tick(self.now, self.view)

    def key(self, *events):
        """Gestures as they come: each begins with its press."""
        for event in events:
            self.panel.key(gestures.PRESSED, self.now)
            self.panel.tick(self.now, self.view)
            self.panel.key(event, self.now)
            self.panel.tick(self.now, self.view)

    def _read(self, first, last):
        out = ""
        for byte in self.lcd.frame[first:last]:
            out += CHARACTERS.get(byte & 0xEF, "?") + ("." if byte & 0x10 else "")
        return out

    def digits(self):
        return self._read(0, 8)

    def descriptor(self):
        out = ""
        for byte in self.lcd.frame[8:12]:
            out += CHARACTERS.get(byte & 0xEF, "?")
        return out

    def lit(self, element):
        return bool(self.lcd.frame[element >> 3] & (0x80 >> (element & 7)))
