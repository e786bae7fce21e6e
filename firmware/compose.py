# SPDX-License-Identifier: MIT
"""Hardware record -> drivers -> meter. The one place that knows parts and app; boards fill in the record.

Every member is a MicroPython object or a bench object of the same shape; None where a board has no such thing.
"""

from app.clock import Clock
from app.config import Config
from app.meter import Meter
from app.metrology.element import Element
from app.panel.face import Face
from app.panel.gestures import Gestures
from app.panel.items import default_list
from app.panel.panel import Panel
from app.panel.view import View
from app.records.event_log import PAYLOAD as EVENT_BYTES
from app.records.event_log import EventLog
from app.records.journal import Journal
from app.store import calibration, layout
from app.store.byte_ring import ByteRing
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from app.store.hot import HotStore
from app.store.state import State
from app.supervision import Supervision
from app.supply.supply import Supply
from app.supply.switch import Switch
from app.timekeeper import Timekeeper
from drivers.button import Button
from drivers.ds3231 import DS3231
from drivers.fram_i2c import FramI2C
from drivers.latching_relay import CoilLock, LatchingRelay

VERSION = "0.1.0"


class Hardware:
    """What a board's build() hands over. Lists have one entry a metering element."""

    def __init__(self):
        self.board = ""  # name of the folder in boards/
        self.variant = "e1c1"  # e1c1 e1c1r e1c2 e1c2r e2c2
        self.chip = "ade9153a"  # or "atm90e26"
        self.clock = None  # ticks_ms, ticks_us, ticks_diff, sleep_ms, sleep_us
        self.spi = []  # SPI of each front end
        self.afe_cs = []
        self.afe_reset = []  # Pin or None (ATM90E26 by soft reset)
        # callable(ss_pin, sclk_level): SS low, SCLK a GPIO at that level, while an ADE9153A is in reset and 100 ms on;
        # (ss_pin, None) ends it: SS high, SCLK back to the SPI. None: the chip has no straps.
        self.afe_strap = None
        self.afe_irq = []  # inputs; None where the second element has none
        self.afe_cf = []
        self.i2c = None
        self.fram_address = None  # 0x50, or None: no FRAM
        self.rtc_address = None  # 0x68
        self.expander_address = None  # 0x20
        self.expander = ()  # (signal, bit 0 GPA0 .. 15 GPB7, "in" | "out"): what hangs on the MCP23017 instead of a Pin
        self.lcd = None  # "pcf85176" or "ht1621"
        self.lcd_address = 0x38
        self.lcd_pins = None  # (cs, wr, data) for HT1621
        self.flash_spi = None  # W25Q NOR
        self.flash_cs = None
        self.flash_partition = None  # esp32.Partition for drivers/partition_store.py, where there is no NOR
        self.button_a = None  # active-low Pins, or read through the expander
        self.button_b = None
        self.k_set = []  # coil pins: K1 primary, K2 secondary, K3 auxiliary; always three, None where not fitted
        self.k_reset = []
        self.k_feedback = []  # 1 = contact closed; None: not fitted, or on the expander
        self.one_shot = None  # start(ms, coil): the hardware timer that ends a coil pulse besides the loop
        self.terminal_cover = None  # 0 = cover on
        self.main_cover = None
        self.magnet = None  # 0 = magnet present
        self.pulse_led = None
        self.backlight = None
        self.buzzer = None
        self.power_fail = None  # Pin, 0 = supply failing
        self.radio_uart = None  # (id, tx, rx) of the XBee and of the optical port: names, not yet opened
        self.optical_uart = None
        self.radio_reset = None
        self.radio_sleep = None
        self.radio_on = None
        self.watchdog = None  # feed()
        self.reset_cause = 0  # 0 power-on, 1 watchdog, 2 other
        self.service = False  # service mode asked for (flag set by `meter deploy`)
        self.crc = None  # seal/valid; None: the app's own
        self.boot_us = 0  # from supply good to build()
        self.now_ms = None  # () -> wrapping tick 0..2**30-1
        self.wait = None  # (until_ms): the only place where time passes on purpose; an input edge ends it


def _front_end(hw, i):
    if hw.chip == "ade9153a":
        from drivers.ade9153a import ADE9153A

        return ADE9153A(hw.spi[i], hw.afe_cs[i], hw.afe_reset[i], hw.clock, hw.afe_strap)
    if hw.chip == "atm90e26":
        from drivers.atm90e26 import ATM90E26

        return ATM90E26(hw.spi[i], hw.afe_cs[i], hw.clock)
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


def _switches(hw):
    lock = CoilLock()
    switches = []
    for k in range(3):
        if k >= len(hw.k_set) or hw.k_set[k] is None:
            switches.append(None)
            continue
        # Only the 100 A contactors need ten seconds between two operations.
        rest_ms = 1000 if k == 2 else 10_000
        relay = LatchingRelay(hw.k_set[k], hw.k_reset[k], hw.k_feedback[k], lock, one_shot=hw.one_shot, rest_ms=rest_ms)
        switches.append(Switch(relay, armed_only=k != 2))
    return switches


class _NoWatchdog:
    """Service mode: nothing bites."""

    def feed(self):
        return None


def _rtc(hw):
    if hw.rtc_address is None:
        return None
    try:
        return DS3231(hw.i2c, hw.rtc_address)
    except Exception:  # noqa: BLE001  no RTC: the meter runs with an invalid clock, and says so
        return None


def compose(hw, config=None):
    """Hardware -> Meter, not yet started. raises: ValueError where the board cannot hold its registers"""
    if config is None:
        config = Config(hw.variant)
    if hw.fram_address is None:
        raise ValueError("this board has no FRAM and no raw ring: refusing to meter")
    crc = hw.crc if hw.crc is not None else Crc32()
    fram = FramI2C(hw.i2c, hw.fram_address)
    count = config.elements
    cold = ColdStore(fram, layout.COLD_BASE, crc)
    hot = HotStore(fram, layout.HOT_BASE, crc, count)
    store = State(hot, cold, count)
    front_ends = [_front_end(hw, i) for i in range(count)]
    elements = [Element(front_end) for front_end in front_ends]
    for i in range(count):
        store.calibrated[i] = calibration.apply(cold, i, front_ends[i])
    clock = Clock(hw.clock.ticks_ms() & 0x3FFFFFFF)
    ring = ByteRing(fram, layout.event_address(layout.LOG_STANDARD), layout.EVENT_SLOTS, EVENT_BYTES, crc)
    log = Journal(EventLog(ring), clock)
    timekeeper = Timekeeper(_rtc(hw), clock, log)
    supervision = Supervision(elements, store, log, config)
    power_good = hw.power_fail.value if hw.power_fail is not None else _always
    supply = Supply(_switches(hw), cold, log, power_good)
    panel = _face(hw, config, elements, store, clock, supervision, supply)
    watchdog = hw.watchdog if hw.watchdog is not None else _NoWatchdog()
    return Meter(
        config, elements, store, clock, timekeeper, supervision, supply, panel, log, watchdog, power_good, hw.reset_cause
    )


def _always():
    return 1


def _face(hw, config, elements, store, clock, supervision, supply):
    lcd = _lcd(hw)
    if lcd is None:
        return None
    view = View(config.elements)
    panel = Panel(lcd, hw.backlight, default_list(), VERSION)
    button_a = Button(hw.button_a) if hw.button_a is not None else None
    button_b = Button(hw.button_b) if hw.button_b is not None else None
    keys = Gestures()
    return Face(panel, view, keys, button_a, button_b, elements, store, clock, supervision, supply, config)
