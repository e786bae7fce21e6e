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
    """Counts what it is asked for; fail: it raises."""

    def __init__(self):
        self.frame = bytes(16)
        self.quiet = False
        self.starts = 0
        self.writes = 0  # refreshes too
        self.refreshes = 0
        self.fail = False

    def start(self):
        if self.fail:
            raise OSError(19)
        self.starts += 1
        self.frame = bytes(16)

    def write(self, frame):
        if self.fail:
            raise OSError(19)
        self.writes += 1
        if not self.quiet:
            self.frame = bytes(frame)

    def refresh(self, frame):
        self.write(frame)
        self.refreshes += 1

    def lit(self, element):
        return bool(self.frame[element >> 3] & (0x80 >> (element & 7)))


class Light:
    def __init__(self):
        self.level = None
        self.fail = False

    def value(self, level):
        if self.fail:
            raise OSError(5)
        self.level = level


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

    @property
    def source(self):
        return 2 if self.boost_left_min else 0  # BY_BOOST, BY_CALENDAR

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


class Glass:
    """A panel's glass, as it is read; `run(ms)` ticks it every 50 ms and leaves the frame of the last moment."""

    def __init__(self):
        self.lcd = Lcd()
        self.ms = 0

    @property
    def now(self):
        return ticks.add(START, self.ms)

    def run(self, ms):
        for _ in range(0, ms, 50):
            self.panel.tick(self.now, self.view)
            self.ms += 50
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


class Plain(Glass):
    """A panel with nothing but its part and a back-light; the view is as it is at boot."""

    def __init__(self, skip_test=True):
        super().__init__()
        self.light = Light()
        self.panel = Panel(self.lcd, self.light, items.default_list(), b"1.2.3")
        self.view = View()
        self.run(5000 if skip_test else 0)

    def key(self, event):
        self.panel.key(event, self.now)
        self.panel.tick(self.now, self.view)

    def settings_scroll(self, seconds):
        self.panel.settings.auto_scroll_s = seconds

    def show(self, position):
        while self.panel.modes.position != position:
            self.key(gestures.A_SHORT)
        self.run(500)  # where it stood there already
        return self.digits()


class Rig(Glass):
    """A panel with everything that may be fitted to it."""

    def __init__(
        self, records=None, elements=1, alcs=None, installation=None, prepayment=None, utrn=None, readings=None
    ):
        super().__init__()
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
        self.run(5000)

    def _log(self, code, extra):
        if not self.cold.quiet:
            self.events.append((code, extra))

    def _changed(self):
        self.changes += 1

    def quiet(self):
        """The fakes note nothing from now on: noting allocates."""
        self.cold.quiet = self.door.quiet = self.lcd.quiet = True

    def key(self, *events):
        """Gestures as they come: each begins with its press."""
        for event in events:
            self.panel.key(gestures.PRESSED, self.now)
            self.panel.tick(self.now, self.view)
            self.panel.key(event, self.now)
            self.panel.tick(self.now, self.view)
