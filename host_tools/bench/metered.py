# SPDX-License-Identifier: MIT
"""What the meter made of the energy (tariff, profile, billing, demand, supply), read by the firmware's own readers.

They work on a copy of the memories, so that looking costs the meter nothing, whichever runtime it runs in. What only its RAM
knows, the part that is still open, follows from the totals: registers are differences of them.
"""

from app.clock import Clock
from app.configuration.settings import Settings
from app.metrology.registers import advance_wh
from app.records import billing as b
from app.records import billing_source as source
from app.records import profile as p
from app.records.demand import Demand
from app.records.load_profile import BODY, CHANNELS, LoadProfile
from app.records.profile_state import ProfileState
from app.store import layout
from app.supply.control import ARMED, DISABLED, ENABLED, LOCKED, SupplyControl
from app.supply.supply import Supply
from app.supply.switch import Switch
from app.tariff.tariff import Tariff
from drivers.crc32 import Crc32

from host_tools.bench.chips.energy import REGISTER_KEYS
from host_tools.bench.factory import Factory, NoLog
from host_tools.bench.storage import SparseBytes

_STATES = {DISABLED: "disabled", ENABLED: "enabled", ARMED: "armed", LOCKED: "locked"}
_KINDS = (("daily", b.DAILY), ("weekly", b.WEEKLY), ("monthly", b.MONTHLY), ("asynchronous", b.ASYNCHRONOUS))
_DEMANDS = ("import", "export", "import_in_period")
_PROFILE_KEYS = REGISTER_KEYS[:CHANNELS]
_POLLS = 1000
_BLOCKS, _GROUPS, _TOU, _SECONDARY = 4, 8, 48, 4


def metered(bench, totals_wh, closed=True):
    """[what `meter sim --json` has of all this: tariff, profile, billing, demand, supply_state; for element 2: profile]

    bench: VirtualBoard, its memories as they are; totals_wh: six whole Wh an element, the registers at this instant. closed:
    the position of the contactor, for a meter that was never told one.
    """
    nor = None
    if bench.nor is not None:
        nor = SparseBytes(len(bench.nor.storage.data))
        nor.use(bench.nor.storage.data.used())
    factory = Factory(bytearray(bench.memory), bench.storage, len(totals_wh), Crc32(), nor)
    try:
        settings = factory.settings()
    except ValueError:
        settings = Settings()
    books = _Books(factory, settings, totals_wh)
    return [books.report(closed), *({"profile": books.profile(element)} for element in range(1, len(totals_wh)))]


class _Books:
    """factory: Factory on a copy of the memories."""

    def __init__(self, factory, settings, totals_wh):
        self.cold = factory.cold
        self.settings = settings
        self.totals_wh = totals_wh
        self.clock = Clock(0)  # no valid time: nothing is due
        blocks = factory.blocks
        self.ring = blocks.ring if blocks is not None else [None] * layout.RING_IDS
        tables = blocks.tables if blocks is not None else None
        self.tariff = Tariff(
            totals_wh, self.clock, self.cold, tables, factory.crc, settings.tariff, NoLog(), len(totals_wh)
        )
        for _ in range(_POLLS):
            if self.tariff.ready:
                break
            self.tariff.poll(0, True)
            factory.settle()

    def report(self, closed):
        return {
            "tariff": self._tariff(),
            "profile": self.profile(0),
            "billing": self._billing(),
            "demand": self._demand(),
            "supply_state": self._supply(closed),
        }

    def _tariff(self):
        tariff = self.tariff
        return {
            "tou_wh": [tariff.tou_wh(k) for k in range(_TOU)],
            "block_wh": [[tariff.block_wh(block, group) for group in range(_GROUPS)] for block in range(_BLOCKS)],
            "secondary_tou_wh": [tariff.secondary_tou_wh(k) for k in range(_SECONDARY)],
        }

    def profile(self, element):
        config = self.settings.load_profile
        found = {
            "interval_s": config.interval_min * 60,
            "intervals": 0,
            "partial": 0,
            "missing": 0,
            "open": dict.fromkeys(_PROFILE_KEYS, 0),
            "sum": dict.fromkeys(_PROFILE_KEYS, 0),
        }
        ring = self.ring[layout.RING_LOAD_0 + element]
        if ring is None:
            return found
        state = ProfileState(self.cold, layout.PROFILE_STATE)
        totals = self.totals_wh[element]
        profile = LoadProfile(ring, self.clock, totals, config, state, 0)
        sums = [0] * CHANNELS
        for index in range(profile.count):
            if not profile.read(index):
                continue
            for channel in range(CHANNELS):
                sums[channel] += profile.energy_wh[channel]
            if not profile.length_read:
                continue  # a mark
            status = profile.status_read
            found["intervals"] += 1
            found["missing"] += p.is_missing(status)
            found["partial"] += bool(status & p.PARTIAL)
        found["sum"] = dict(zip(_PROFILE_KEYS, sums, strict=True))
        body = bytearray(BODY)
        for slot in range(ring.slots - 1, -1, -1):
            if profile.fetch(slot):
                profile.copy_body(body)
                newest = [int.from_bytes(body[4 * k : 4 * k + 4], "little") for k in range(CHANNELS)]
                moved = [advance_wh(totals[k], newest[k]) for k in range(CHANNELS)]
                found["open"] = dict(zip(_PROFILE_KEYS, moved, strict=True))
                break
        return found

    def _billing(self):
        found = {name: [] for name, _ in _KINDS}
        rings = self.ring[layout.RING_BILLING_DAILY : layout.RING_BILLING_ASYNC + 1]
        if rings[-1] is None:
            return found
        billing = b.Billing(self.settings.billing, rings, None, self.clock, NoLog())
        parts = [bytearray(b.PAYLOAD) for _ in range(b.PARTS)]
        for name, kind in _KINDS:
            for back in range(billing.count(kind) - 1, -1, -1):
                if all([billing.read(kind, back, part, parts[part]) for part in range(b.PARTS)]):
                    found[name].append(self._set(parts))
        return found

    def _set(self, parts):
        """One billing set, oldest first."""
        head, tou, blocks = parts
        at = b.HEAD
        elements = []
        for element in range(len(self.totals_wh)):
            values = _u32s(head, at + source.TOTALS_AT + 24 * element, 6)
            elements.append(dict(zip(REGISTER_KEYS, values, strict=True)))
        registers = _u32s(blocks, at, _BLOCKS * _GROUPS)
        return {
            "utc_s": int.from_bytes(head[8:12], "little", signed=True) * 60,
            "cause": head[3],
            "total": elements[0],
            **({"total2": elements[1]} if len(elements) > 1 else {}),
            "tou_wh": _u32s(tou, at, _TOU),
            "block_wh": [registers[_GROUPS * k : _GROUPS * (k + 1)] for k in range(_BLOCKS)],
            "secondary_tou_wh": _u32s(head, at + source.SECONDARY_AT, _SECONDARY),
            "script": head[at + source.SCRIPT_AT],
        }

    def _demand(self):
        demand = Demand(self.settings.demand, self.clock, self.totals_wh[0], self.cold, layout.DEMAND)
        demand.restore()
        return {
            name: {
                "maximum_w": demand.maximum_w[channel],
                "utc_s": _utc_s(demand.captured_minute[channel]),
                "reset_utc_s": _utc_s(demand.reset_minute[channel]),
            }
            for channel, name in enumerate(_DEMANDS)
        }

    def _supply(self, closed):
        switch = Switch(None)
        switch.commanded = 1 if closed else 0  # a meter that was never told takes over what it finds
        Supply((switch, None, None), self.cold, NoLog(), lambda: 1).restore()
        control = SupplyControl(switch, self.cold, layout.SUPPLY_0, NoLog())
        control.restore()
        return _STATES[control.state()]


def _utc_s(minute):
    """Seconds since 2000; None: never."""
    return minute * 60 if minute >= 0 else None


def _u32s(buf, at, count):
    return [int.from_bytes(buf[at + 4 * k : at + 4 * k + 4], "little") for k in range(count)]
