# SPDX-License-Identifier: MIT
"""Faults on demand, seeded: what the `--faults` list means and when each one happens."""

from host_tools.bench.storage import PowerCut
from host_tools.bench.world import NEVER, SECOND_US, McuReset, SupplyLost

RATES = ("spi_flip", "i2c_flip")
COUNT_LIMIT = 100_000
_FIRST_S = 30  # no fault before
_AWAY_US = 5 * SECOND_US  # what an open cover or a magnet of the fault list lasts
_CALM_S = 60  # and none in what is left after they are all over
_TAKES_S = {"outage": 25, "hang": 12, "mcu_reset": 4}  # outage or watchdog, and the start after it, at most
COUNTS = (
    "chip_reset",
    "mcu_reset",
    "hang",
    "outage",
    "rtc_loss",
    "fram_corrupt",
    "relay_weld",
    "cover_open",
    "magnet",
    "backfeed",
)
__all__ = ["FaultError", "PowerCut", "Schedule", "parse"]


class FaultError(ValueError):
    """The fault list is malformed."""


def parse(text):
    """`spi_flip=1e-4,outage=2` -> dict name -> float (rate a bit) or int (count a run). raises FaultError, one line"""
    faults = {}
    for item in filter(None, (text or "").split(",")):
        name, equals, value = item.partition("=")
        name = name.strip()
        if name in faults:
            raise FaultError(f"fault {name!r} is there twice")
        try:
            if not equals:
                raise ValueError
            if name in RATES:
                number = float(value)
                if not 0 <= number < 0.5:
                    raise ValueError
            elif name in COUNTS:
                number = int(value)
                if not 0 <= number <= COUNT_LIMIT:
                    raise ValueError
            else:
                raise FaultError(f"unknown fault {name!r}; known: {', '.join(RATES + COUNTS)}")
        except FaultError:
            raise
        except ValueError:
            raise FaultError(
                f"bad fault {item!r}: a rate a bit below 0.5 or a whole number up to 100000 is wanted"
            ) from None
        faults[name] = number
    return faults


def margin_s(faults):
    """Seconds before the end of a run that have to be free of new faults, so that it ends with a meter that meters."""
    return _CALM_S + sum(_TAKES_S.get(name, 0) * count for name, count in faults.items() if name in COUNTS)


def shortest_s(faults):
    """Length of the shortest run in which these faults have room; 1 without counted faults."""
    return _FIRST_S + margin_s(faults) + 10 if any(faults.get(name) for name in COUNTS) else 1


class Schedule:
    """Times of the counted faults of one run, drawn from `rng` between 2 % and 98 % of it; nothing in the first 30 s.

    warning_us: how long the board's capacitors last when mains fail; then the power-fail signal falls with mains and the
    supply goes that much later (0: a board without either, all goes at once).

    next_us: when the next one is due. injected: dict name -> count so far.
    """

    def __init__(self, faults, rng, end_us, bench, warning_us=0):
        self.bench = bench
        self.rng = rng
        self.injected = dict.fromkeys(COUNTS, 0)
        plan = []
        low = max(_FIRST_S * SECOND_US, end_us // 50)
        high = max(low + 1, min(end_us * 49 // 50, end_us - margin_s(faults) * SECOND_US))
        for name in COUNTS:
            for _ in range(faults.get(name, 0)):
                at = rng.randrange(low, high)
                plan.append((at, name))
                if name == "outage" and warning_us:
                    plan.append((at - warning_us, "mains_fail"))
        self.plan = sorted(plan)
        self.next_us = self.plan[0][0] if self.plan else NEVER

    def run(self, world, now):
        """Do what is due; may raise McuReset or SupplyLost. returns: True when an input edge woke the firmware"""
        woken = False
        while self.plan and self.plan[0][0] <= now:
            _, name = self.plan.pop(0)
            self.next_us = self.plan[0][0] if self.plan else NEVER
            if name in self.injected:
                self.injected[name] += 1
            woken |= name in ("power_fail", "mains_fail")
            getattr(self, "_" + name)(world)
        return woken

    def _power_fail(self, world):
        """The signal alone: the supply is failing although mains are there."""
        self.bench.power_fail.value(0)

    def _mains_fail(self, world):
        world.mains_fail()
        self.bench.power_fail.value(0)

    def _chip_reset(self, world):
        self.rng.choice(self.bench.chips).force_reset()

    def _mcu_reset(self, world):
        raise McuReset(2)

    def _hang(self, world):
        # The interpreter stands still until the watchdog bites.
        due = world.watchdog_fed_us + world.watchdog_timeout_us if world.watchdog_on else world.end_us
        world.pass_time(max(0, due - world.clock.now_us))
        raise McuReset(1)

    def _outage(self, world):
        raise SupplyLost

    def _rtc_loss(self, world):
        self.bench.rtc.rtc_loss()

    def _fram_corrupt(self, world):
        memory = self.bench.memory
        at = self.rng.randrange(len(memory))
        for i in range(at, min(at + 16, len(memory))):
            memory[i] = self.rng.randrange(256)

    def _cover_open(self, world):
        cover = self.bench.covers["terminal_cover"]
        if cover.next_edge_us(world.clock.now_us) is None:
            cover.pulse(world.clock.now_us, _AWAY_US, 1)

    def _magnet(self, world):
        magnet = self.bench.covers["magnet"]
        if magnet.next_edge_us(world.clock.now_us) is None:
            magnet.pulse(world.clock.now_us, _AWAY_US, 0)

    def _backfeed(self, world):
        self.bench.relays[0].backfeed = not self.bench.relays[0].backfeed

    def _relay_weld(self, world):
        self.bench.relays[0].weld()
