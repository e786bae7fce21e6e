# SPDX-License-Identifier: MIT
"""Hardware record -> drivers -> meter, started. The one place that knows parts and app; boards fill in the record."""

from micropython import const

from app.clock import Clock
from app.config import Config
from app.configuration.configuration import Configuration
from app.configuration.settings import Settings
from app.engines import Engines
from app.meter import Meter
from app.metrology.element import Element
from app.panel.face import Face
from app.panel.gestures import Gestures
from app.panel.item_store import ItemStore
from app.panel.items import default_list
from app.panel.panel import Panel
from app.panel.privacy import Privacy
from app.panel.readings import Readings
from app.panel.view import View
from app.records import codes, journal
from app.records.event_log import PAYLOAD as EVENT_BYTES
from app.records.event_logs import EventLogs
from app.records.masks import Masks
from app.store import layout
from app.store.byte_ring import ByteRing
from app.store.cold import ColdStore
from app.store.hot import HotStore
from app.store.preset import Preset
from app.store.state import State
from app.supervision import Supervision
from app.supply.control import SupplyControl
from app.supply.door import Door
from app.supply.supply import Supply
from app.supply.switch import Switch
from app.timekeeper import Timekeeper
from drivers.button import Button
from drivers.buzzer import Buzzer
from drivers.ds3231 import DS3231
from drivers.latching_relay import CoilLock, LatchingRelay, RelayError

VERSION = b"0.1.0"  # ASCII, as the panel shows it

_TICK_MASK = const(0x3FFFFFFF)
_CONTACTOR_REST_MS = const(10_000)
_AUXILIARY_REST_MS = const(1_000)
_LOAD_TRIES = const(5)
_LOAD_WAIT_MS = const(20)


def _front_end(hw, i, expander):
    if hw.chip == "ade9153a":
        from drivers.ade9153a import ADE9153A

        reset = expander.pin("afe_reset2" if i else "afe_reset", hw.afe_reset[i])
        return ADE9153A(hw.spi[i], hw.afe_cs[i], reset, hw.clock, hw.afe_strap)
    if hw.chip == "atm90e26":
        from drivers.atm90e26 import ATM90E26

        return ATM90E26(hw.spi[i], hw.afe_cs[i], hw.clock, warn=hw.afe_irq[i] if i < len(hw.afe_irq) else None)
    raise ValueError("unknown chip " + str(hw.chip))


def _lcd(hw):
    if hw.lcd == "pcf85176":
        from drivers.pcf85176 import PCF85176

        return PCF85176(hw.i2c, hw.lcd_address)
    if hw.lcd == "ht1621":
        from drivers.ht1621 import HT1621

        cs, wr, data = hw.lcd_pins
        return HT1621(hw.clock, cs, wr, data)
    return None


def _switches(hw, feedback, live, stuck):
    """Three switches, None where not fitted. stuck: list, gets the numbers of those whose coil driver cannot be trusted."""
    lock = CoilLock()
    switches = []
    for k in range(3):
        if k >= len(hw.k_set) or hw.k_set[k] is None:
            switches.append(None)
            continue
        # Only the 100 A contactors need ten seconds between two operations.
        rest_ms = _AUXILIARY_REST_MS if k == 2 else _CONTACTOR_REST_MS
        try:
            relay = LatchingRelay(hw.k_set[k], hw.k_reset[k], feedback[k], lock, one_shot=hw.one_shot, rest_ms=rest_ms)
        except RelayError:
            stuck.append(k)
            switches.append(None)
        else:
            switch = Switch(relay, armed_only=k != 2)
            switch.sense(live[k])
            switches.append(switch)
    return switches


class _NoWatchdog:
    """Service mode: nothing bites."""

    def feed(self):
        return None


class _Expander:
    """The MCP23017 and the pins that a board has put on it. A part that does not answer leaves its pins unknown."""

    def __init__(self, hw):
        self.part = None
        self.pins = {}
        if hw.expander_address is None or not hw.expander:
            return
        from drivers.mcp23017 import MCP23017, MCP23017Error

        part = MCP23017(hw.i2c, hw.expander_address)
        for signal, bit, direction in hw.expander:
            if direction == "in":
                # A key of a dead expander is not pressed; what else hangs on it (feedback, covers) is not known.
                known = signal.startswith("button")
                self.pins[signal] = part.input(bit, pull_up=True, when_down=1 if known else 2)
            else:
                self.pins[signal] = part.output(bit, level=1 if signal.endswith("reset") else 0)
        try:
            part.start()
        except MCP23017Error:
            pass  # poll() tries again
        self.part = part

    def pin(self, signal, own):
        return own if own is not None else self.pins.get(signal)


def _crc():
    """The native one where the port has viper; else the same in plain Python."""
    try:
        from drivers.crc32_viper import Crc32
    except (AttributeError, NameError, SyntaxError):
        from app.store.crc32 import Crc32
    return Crc32()


def _rtc(hw):
    if hw.rtc_address is None:
        return None
    try:
        return DS3231(hw.i2c, hw.rtc_address)
    except Exception:  # noqa: BLE001  no RTC: the meter runs with an invalid clock, and says so
        return None


def _block_store(hw):
    """A NOR on a bus of its own, else a partition of the board's flash, else None."""
    if hw.flash_spi is not None and hw.flash_cs is not None:
        from drivers.w25q import W25Q

        try:
            return W25Q(hw.flash_spi, hw.flash_cs, hw.clock)
        except OSError:
            return None  # not fitted, or broken: the meter meters without profiles, and says so
    if hw.flash_partition is not None:
        from drivers.partition_store import PartitionStore

        return PartitionStore(hw.flash_partition)
    return None


def _stores(hw, crc, count):
    """(hot, cold, four event rings, Blocks or None) with registers and logs in FRAM, or all in raw erase blocks."""
    in_flash = hw.fram_address is None
    if in_flash and hw.flash_partition is None:
        raise ValueError("neither FRAM nor a raw partition: this board cannot keep its registers and does not meter")
    store = _block_store(hw)
    blocks = None
    if store is not None:
        from app.store.blocks import Blocks

        blocks = Blocks(store, crc, in_flash, count)
    if not in_flash:
        from drivers.fram_i2c import FramI2C

        fram = FramI2C(hw.i2c, hw.fram_address)
        events = [ByteRing(fram, layout.event_address(n), layout.EVENT_SLOTS, EVENT_BYTES, crc) for n in range(4)]
        return HotStore(fram, layout.HOT_BASE, crc, count), ColdStore(fram, layout.COLD_BASE, crc), events, blocks
    from app.store.cold_ring import ColdRing
    from app.store.hot_ring import HotRing

    ring = blocks.ring
    hot = HotRing([ring[layout.RING_HOT_0 + i] for i in range(count)])
    events = [ring[layout.RING_EVENT + n] for n in range(4)]
    return hot, ColdRing(ring[layout.RING_COLD]), events, blocks


def _configuration(hw, settings, cold, blocks, crc):
    """What is stored is in the settings before anything is built from them; a silent store is asked again later."""
    configuration = Configuration(settings, cold, blocks.tables if blocks is not None else None, crc)
    for _ in range(_LOAD_TRIES):
        if configuration.load():
            break
        hw.clock.sleep_ms(_LOAD_WAIT_MS)
    return configuration


def compose(hw, config=None, settings=None):
    """Hardware -> Meter, restored and started. settings: Settings that hold where nothing is stored, None: the factory's.

    raises: ValueError where the board cannot hold its registers
    """
    if config is None:
        config = Config(hw.variant)
    if settings is None:
        settings = Settings()
    crc = hw.crc if hw.crc is not None else _crc()
    count = config.elements
    hot, cold, event_rings, blocks = _stores(hw, crc, count)
    configuration = _configuration(hw, settings, cold, blocks, crc)
    store = State(hot, cold, count, blocks if hw.fram_address is None else None)
    expander = _Expander(hw)
    front_ends = [_front_end(hw, i, expander) for i in range(count)]
    elements = [Element(front_end) for front_end in front_ends]
    clock = Clock(hw.clock.ticks_ms() & _TICK_MASK)
    log = journal.Journal(EventLogs(event_rings), clock, Masks(cold, layout.EVENT_MASKS), settings.events)
    timekeeper = Timekeeper(_rtc(hw), clock, log)
    supervision = Supervision(elements, store, log)
    power_good = hw.power_fail.value if hw.power_fail is not None else _always
    supply = None
    stuck = []
    if not hw.service:
        # Service mode energises no coil: it has no switches at all.
        feedback = [expander.pin("k%d_feedback" % (k + 1), hw.k_feedback[k]) for k in range(len(hw.k_feedback))]
        own = list(hw.k_live) + [None] * (3 - len(hw.k_live))
        live = [expander.pin("k%d_live" % (k + 1), own[k]) for k in range(3)]
        supply = Supply(_switches(hw, feedback, live, stuck), cold, log, power_good)
    switches = supply.switches if supply is not None else (None, None, None)
    preset = Preset(elements, store, clock, log)
    controls = [
        SupplyControl(switches[k], cold, layout.SUPPLY_0 + k, log, k) if switches[k] is not None else None
        for k in range(2)
    ]
    door = Door(
        controls[0],
        controls[1],
        switches[2],
        clock,
        preset=preset.apply,
        log=log.append_now,
        configure=configuration.submit,
    )
    now_ms = hw.clock.ticks_ms() & _TICK_MASK
    fitted = [control for control in controls if control is not None]
    engines = Engines(
        settings,
        elements,
        store,
        blocks,
        crc,
        clock,
        log,
        fitted,
        door,
        _mark(store, timekeeper),
        now_ms,
        configuration,
        _inputs(hw, expander),
        hw.terminal_temperature,
        switches[2],
    )
    supervision.follow(engines.quality)
    if supply is not None:
        supply.watch_over(engines.tamper)
    preset.connect(engines)
    pulse = _pulse(hw, elements[0], config)
    readings = Readings(
        elements,
        VERSION,
        config.meter_constant_imp_per_kwh,
        tariff=engines.tariff,
        demand=engines.demand,
        limiter=engines.limiter,
        supply=controls[0],
        second_supply=controls[1],
        pulse=pulse.led if pulse is not None else None,
    )
    panel = _face(hw, config, expander, elements, store, clock, supervision, supply, door, settings, readings, blocks)
    if panel is not None:
        engines.tamper.show_on(panel)
        panel.commands.alcs = engines.alcs
    engines.watch_panel(panel)
    watchdog = hw.watchdog if hw.watchdog is not None else _NoWatchdog()
    meter = Meter(
        config,
        elements,
        store,
        clock,
        timekeeper,
        supervision,
        supply,
        panel,
        log,
        watchdog,
        power_good,
        expander.part,
        hw.reset_cause,
        door,
        pulse,
        engines.outage,
        engines,
    )
    meter.start(hw.clock.ticks_ms() & _TICK_MASK, hw.boot_us // 1000)
    for k in stuck:
        store.flagged = True
        log.append_now(codes.DISCONNECT_FAILURE, k)
    return meter


def _inputs(hw, expander):
    """In the order of app.supply.tamper."""
    own = (
        ("main_cover", hw.main_cover),
        ("terminal_cover", hw.terminal_cover),
        ("second_terminal_cover", hw.second_terminal_cover),
        ("battery_cover", hw.battery_cover),
        ("magnet", hw.magnet),
        ("other_tamper", hw.other_tamper),
    )
    return [expander.pin(name, pin) for name, pin in own]


def _pulse(hw, element, config):
    if hw.cf_drives_led or hw.pulse_led is None:
        return None
    from app.metrology.pulse import PulseMaker
    from drivers.pulse_led import PulseLed

    return PulseMaker(element, PulseLed(hw.pulse_led, timer=hw.pulse_timer), config)


def _mark(store, timekeeper):
    """Where the time is noted each second: in the RTC, if hot records wait for energy."""
    rtc = timekeeper.rtc
    return rtc if store.in_flash and rtc is not None and hasattr(rtc, "write_mark") else None


def _always():
    return 1


def _face(hw, config, expander, elements, store, clock, supervision, supply, door, settings, readings, blocks):
    lcd = _lcd(hw)
    if lcd is None:
        return None
    view = View(config.elements)
    items = default_list()
    if blocks is not None and blocks.tables is not None:
        ItemStore(items, blocks.tables, layout.TABLE_DISPLAY).restore()
    privacy = Privacy(store.cold, layout.PRIVACY)
    privacy.restore()
    panel = Panel(lcd, hw.backlight, items, VERSION, readings=readings, settings=settings.panel, privacy=privacy)
    a = expander.pin("button_a", hw.button_a)
    b = expander.pin("button_b", hw.button_b)
    button_a = Button(a) if a is not None else None
    button_b = Button(b) if b is not None else None
    return Face(
        panel,
        view,
        Gestures(),
        button_a,
        button_b,
        elements,
        store,
        clock,
        supervision,
        supply,
        config,
        door,
        buzzer=Buzzer(hw.buzzer) if hw.buzzer is not None else None,
    )
