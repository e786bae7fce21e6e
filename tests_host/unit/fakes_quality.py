# SPDX-License-Identifier: MIT
"""What the power quality supervision stands on, by hand: an element whose readings the test sets, a log, a cold store."""

from app.clock import Clock
from app.configuration.group import Group
from app.metrology import sample as s
from app.quality import settings
from app.quality.dip_log import DipLog
from app.quality.dips import Dips
from app.quality.quality import Quality

DAY = 9855
NOON = 43_200


class FrontEnd:
    def __init__(self, half_cycle):
        self.half_cycle = half_cycle
        self.events = [0, 0, 0, 0]

    def events_into(self, record):
        for k in range(4):
            record[k] = self.events[k]
        self.events[1] = 0


class Element:
    def __init__(self, half_cycle=True):
        self.front_end = FrontEnd(half_cycle)
        self.sample = s.Sample()
        self.flags = s.ENERGY | s.QUANTITIES
        self.down = False
        self.sample.rms_voltage_mv = 230_000
        self.sample.rms_current_ma = 4_000
        self.sample.active_power_mw = 920_000
        self.sample.frequency_hz_x1000 = 50_000


class Log:
    def __init__(self):
        self.events = []
        self.clock = None

    def append_now(self, code, extra):
        self.events.append((code, extra))

    def append_at(self, day, second, code, extra):
        self.events.append((day, second, code, extra))


class Cold:
    """One record. refuses: saves return False."""

    def __init__(self):
        self.stored = None
        self.refuses = False
        self.saves = 0

    def save(self, cold_id, buf):
        if self.refuses:
            return False
        self.saves += 1
        self.stored = (cold_id, bytes(buf))
        return True

    def load_into(self, cold_id, buf):
        if self.stored is None or self.stored[0] != cold_id or len(self.stored[1]) > len(buf):
            return 0
        for k in range(len(self.stored[1])):
            buf[k] = self.stored[1][k]
        return len(self.stored[1])


class Bench:
    """second(): one pass at the end of `passed_s` seconds. events: what was logged since it was last looked at."""

    def __init__(self, elements=1, half_cycle=True, cold=None, polarity=None, **changes):
        self.now_ms = 1000
        self.clock = Clock(self.now_ms)
        self.clock.set(DAY, NOON)
        self.settings = Group(settings.FIELDS, settings.rule)
        self.settings.average_s = 0
        for name, value in changes.items():
            self.settings.set_value(name, value)
        assert self.settings.fault() is None
        self.elements = [Element(half_cycle) for _ in range(elements)]
        self.log = Log()
        self.cold = Cold() if cold is None else cold
        self.dip_log = DipLog()
        dips = Dips(self.elements, self.clock, self.dip_log, self.settings, self.now_ms)
        self.quality = Quality(self.elements, self.clock, self.log, self.settings, dips, self.cold, 17, polarity)
        self.quality.start()

    def second(self, passed_s=1, fresh=True):
        for element in self.elements:
            element.flags = s.ENERGY | s.QUANTITIES if fresh else s.ENERGY
        self.now_ms += 1000 * passed_s
        assert self.clock.advance(self.now_ms) == passed_s
        self.quality.poll(self.now_ms, True)

    def seconds(self, n):
        for _ in range(n):
            self.second()

    def event(self, after_ms, element=0):
        """A pass within a second, because the chip has something to tell."""
        self.elements[element].flags = s.ENERGY | s.EVENT
        self.now_ms += after_ms
        second = self.clock.advance(self.now_ms) > 0
        self.quality.poll(self.now_ms, second)

    def events(self):
        found = self.log.events
        self.log.events = []
        return found
