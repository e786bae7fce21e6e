# SPDX-License-Identifier: MIT
"""The engines of a meter by name, built from its parts, and the order in which a round runs them."""

from micropython import const

from app.quality.dip_log import DipLog
from app.quality.dips import Dips
from app.quality.outage import Outage
from app.quality.quality import Quality
from app.records.billing import CAUSE_TARIFF, MONTHLY, Billing
from app.records.billing_source import BillingSource
from app.records.demand import CHANNELS, Demand
from app.records.profile import TARIFF_CHANGED, TEST_MODE
from app.records.profiles import Profiles
from app.rounds import Rounds
from app.store import layout
from app.supply.alcs import Alcs
from app.supply.auto import AutoCauses, Causes
from app.supply.heat import Heat
from app.supply.limiter import Limiter
from app.supply.rules import SupplyRules
from app.supply.schedule import Schedule
from app.supply.tamper import Tamper
from app.tariff.tariff import BILLING as BLOCKS_BY_BILLING
from app.tariff.tariff import Tariff

# Feature numbers, as PROGRAM_FAULT tells them; 0..5 are the meter's own (app/meter.py).
TARIFF = const(6)
PROFILES = const(7)
DEMAND = const(8)
BILLING = const(9)
QUALITY = const(10)
OUTAGE = const(11)
SUPPLY_RULES = const(12)
SCHEDULE = const(13)
BLOCKS = const(14)
TARIFF_WATCH = const(15)
PANEL_WATCH = const(21)
CONFIGURATION = const(17)  # 16 are the rounds themselves
SUPPLY_CAUSES = const(18)
TAMPER = const(19)
ALCS = const(20)


class _BlockWork:
    """Scans and erases of the block store as an engine. In flash-only boards the store of the registers does it instead."""

    def __init__(self, blocks, store):
        self.blocks = blocks
        self.store = store

    @property
    def restless(self):
        return self.blocks.restless

    def poll(self, now_ms, second):
        self.blocks.poll(self.store.failing, True)


class _TariffWatch:
    """Another tariff set has come into force: a billing set of its own, and the interval says so."""

    by_boundary = True  # for Rounds

    def __init__(self, tariff, profiles, billing):
        self.tariff = tariff
        self.profiles = profiles
        self.billing = billing

    def poll(self, now_ms, second):
        if self.tariff.changed:
            self.tariff.changed = False
            self.profiles.flag(TARIFF_CHANGED)
            if self.billing is not None:
                self.billing.request(CAUSE_TARIFF)


class _PanelWatch:
    """The test display marks the intervals into which it lasts and spoils the demand; settings that a key has changed."""

    def __init__(self, face, profiles, demand):
        self.face = face
        self.profiles = profiles
        self.demand = demand
        self.active = False

    def poll(self, now_ms, second):
        active = self.face.modes.test_active
        if active is not self.active:
            self.active = active
            self.profiles.stand(TEST_MODE, active)
        if active:
            self.demand.spoil()


class Engines:
    """tariff, profiles, demand, billing (None without a block store), quality, outage, limiter, rules, schedule, rounds."""

    def __init__(
        self,
        settings,
        elements,
        store,
        blocks,
        crc,
        clock,
        log,
        controls,
        door,
        mark,
        now_ms,
        configuration,
        inputs,
        temperature,
        auxiliary,
    ):
        """settings: Settings; store: State; blocks: Blocks or None; controls: list of SupplyControl; door: Door; mark: the RTC
        where the hot record does not save the time each second, or None; configuration: Configuration, already loaded;
        inputs: pins of the tamper detection (app.supply.tamper); temperature: callable, of the terminals, or None;
        auxiliary: Switch of the auxiliary relay, or None.
        """
        cold = store.cold
        served = store.served_wh
        self.store = store
        self.settings = settings
        self.face = None
        tables = blocks.tables if blocks is not None else None
        self.tariff = Tariff(served, clock, cold, tables, crc, settings.tariff, log, len(elements))
        self.profiles = Profiles(
            blocks,
            clock,
            elements,
            served,
            cold,
            layout.PROFILE_STATE,
            settings.load_profile,
            settings.instrumentation,
            settings.voltage_log,
            log,
        )
        self.demand = Demand(settings.demand, clock, served[0], cold, layout.DEMAND)
        self.billing = None
        ring = blocks.ring if blocks is not None else ()
        if ring and ring[layout.RING_BILLING_ASYNC] is not None:
            rings = ring[layout.RING_BILLING_DAILY : layout.RING_BILLING_ASYNC + 1]
            source = BillingSource(served, self.tariff, self.demand)
            self.billing = Billing(settings.billing, rings, source, clock, log, self._billed)
        dips = Dips(elements, clock, DipLog(ring[layout.RING_DIPS] if ring else None), settings.quality, now_ms)
        self.quality = Quality(elements, clock, log, settings.quality, dips, cold, layout.QUALITY)
        self.outage = Outage(clock, log, cold, layout.OUTAGE, mark, log.holds)
        self.controls = controls
        self.limiter = Limiter(
            settings.load_limit, controls[0] if controls else None, cold, layout.LOAD_LIMIT, clock, log
        )
        heat = Heat(settings.causes, temperature, log)
        causes = []
        for control in controls:
            at = min(len(causes), len(elements) - 1)
            causes.append(Causes(control, elements[at], at, self.quality.rows.active, settings.causes, heat))
        self.causes = AutoCauses(causes, heat, clock)
        self.tamper = Tamper(inputs, settings.tamper, clock, log, cold, layout.TAMPER, controls, self.outage)
        self.tamper.connect(self.wake)
        self.alcs = None
        if auxiliary is not None:
            self.alcs = Alcs(auxiliary, clock, cold, layout.ALCS, layout.ALCS_CALENDAR, log)
        door.connect(self.tamper, self.alcs)
        self.schedule = Schedule(door, clock, cold, layout.SCHEDULE, log)
        found = [
            (OUTAGE, self.outage),
            (TARIFF, self.tariff),
            (TARIFF_WATCH, _TariffWatch(self.tariff, self.profiles, self.billing)),
            (PROFILES, self.profiles),
            (DEMAND, self.demand),
        ]
        if self.billing is not None:
            found.append((BILLING, self.billing))
        found += [
            (QUALITY, self.quality),
            (SUPPLY_CAUSES, self.causes),
            (TAMPER, self.tamper),
            (SUPPLY_RULES, SupplyRules(self.limiter, controls, elements[0])),
            (SCHEDULE, self.schedule),
        ]
        if self.alcs is not None:
            found.append((ALCS, self.alcs))
        if blocks is not None and not store.in_flash:
            found.append((BLOCKS, _BlockWork(blocks, store)))
        configuration.connect(store, log, self)
        found.append((CONFIGURATION, configuration))
        self.rounds = Rounds(clock, found, cold)

    def start(self, power_on):
        """The registers are restored and the clock has what time there is. Boot only."""
        self.tariff.begin()
        if self.billing is not None and self.store.known:
            self.billing.since_minute = self.store.saved_day * 1440 + self.store.saved_second // 60
        self.profiles.start(power_on)
        self.demand.restore()
        self.quality.start()
        self.limiter.restore()
        self.schedule.restore()
        for control in self.controls:
            control.restore()
        self.causes.start()
        self.tamper.start(power_on)
        if self.alcs is not None:
            self.alcs.start()

    def watch_panel(self, face):
        """face: Face, or None where there is no display."""
        self.face = face
        if face is not None:
            self.rounds.add(PANEL_WATCH, _PanelWatch(face, self.profiles, self.demand))

    def preset(self, number, index, wh):
        """A register of an element is about to be set. returns: True: go on; False: not now"""
        return index != 0 or self.tariff.rebase(number, wh)

    def preset_done(self):
        """What the registers moved by is no energy."""
        self.profiles.rebase()
        self.demand.spoil()

    def wake(self):
        """An engine has been given something to do between two rounds."""
        self.rounds.soon()

    def reconfigured(self):
        """The settings have changed. Most engines read them where they lie; the others are told here."""
        self.wake()
        self.tariff.reload()
        self.quality.reload()
        if self.billing is not None:
            self.billing.reload()
        if self.face is not None:
            self.face.apply()

    def _billed(self, kind):
        if kind != MONTHLY:
            return
        settings = self.settings
        if settings.billing.billing_resets_demand:
            for channel in range(CHANNELS):
                self.demand.reset(channel)
        if settings.billing.billing_resets_blocks or settings.tariff.block_reset == BLOCKS_BY_BILLING:
            self.tariff.reset_block_counters(self.billing.last_minute[MONTHLY])
