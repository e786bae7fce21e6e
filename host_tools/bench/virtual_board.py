# SPDX-License-Identifier: MIT
"""The simulated board: every part of the meter as a model, wired to bench buses and pins.

`objects` names them for a firmware process behind the link (boards/virtual); `hardware()` fills the same things into a
Hardware record for a firmware in this process. Both see the same objects, so both see the same virtual times.
"""

import random
from functools import partial

from drivers.crc32 import Crc32
from hardware import Hardware

from host_tools.bench.bus import BitFlipper, ChargedPin, I2cBus, Pin, SpiBus
from host_tools.bench.chips.ade9153a import ADE9153AModel
from host_tools.bench.chips.atm90e26 import ATM90E26Model
from host_tools.bench.chips.button import ButtonModel
from host_tools.bench.chips.contact import SensedPin
from host_tools.bench.chips.ds3231 import DS3231Model
from host_tools.bench.chips.fram import Fram
from host_tools.bench.chips.ht1621 import HT1621
from host_tools.bench.chips.inputs import LevelInput
from host_tools.bench.chips.partition import Partition
from host_tools.bench.chips.pcf85176 import PCF85176
from host_tools.bench.chips.relay import LatchingRelayModel
from host_tools.bench.chips.w25q import W25q
from host_tools.bench.factory import Factory
from host_tools.bench.point import HiddenErrors
from host_tools.bench.storage import CutSwitch, SparseStorage, StorageDevice

CHIPS = {"ade9153a": ADE9153AModel, "atm90e26": ATM90E26Model}
VARIANTS = ("e1c1", "e1c1r", "e1c2", "e1c2r", "e2c2")
LCDS = ("pcf85176", "ht1621")
STORAGES = ("fram", "partition")
FRAM_BYTES = 32768
PARTITION_BLOCKS = 768  # of 4 KiB: 3 MiB of the ESP32's own flash
NOR_BYTES = 16 * 1024 * 1024  # W25Q128, on a bus of its own
NOR_BAUD = 8_000_000
# Inputs of the tamper detection by the names of the Hardware record, with the level of a meter that nobody touches.
COVERS = {"main_cover": 0, "terminal_cover": 0, "magnet": 1}
MORE_COVERS = {"second_terminal_cover": 0, "battery_cover": 0, "other_tamper": 0}


def _identity(chip):
    """The 8 bytes that the driver will read as chip_id; zeros where the part has no identity."""
    return getattr(chip, "chip_id", 0).to_bytes(8, "big")


class Watchdog:
    """machine.WDT of the bench: tells the world that it was fed."""

    def __init__(self, world):
        self.world = world

    def feed(self):
        self.world.feed()


class VirtualBoard:
    """All parts of one meter. errors: list of HiddenErrors, one an element, or None to draw them from the seed.

    storage: "fram": FRAM, and a NOR for profiles; or "partition": an ESP32 with neither, all in raw blocks of its flash.

    chips, relays (three, None where the variant has none), buttons (A, B), rtc, lcd, fram with nor or partition (what is not
    fitted is None), cut (CutSwitch of the storage), covers (name -> LevelInput; see COVERS, `fit`), temperature (LevelInput).
    """

    def __init__(
        self, world, chip="ade9153a", variant="e1c1", lcd="pcf85176", errors=None, faults=None, storage="fram"
    ):
        self.world = world
        self.chip_name = chip
        self.variant = variant
        self.lcd_name = lcd
        clock = world.clock
        costs = world.costs
        # Each part draws from a stream of its own, so that adding one part does not change another.
        seed = world.seed
        elements = 2 if variant == "e2c2" else 1
        if errors is None:
            errors = [HiddenErrors.draw(random.Random(f"{seed} errors {i}")) for i in range(elements)]
        self.errors = errors
        baud = costs.spi_baud if chip == "ade9153a" else costs.slow_spi_baud
        self.spi = SpiBus(clock, baud, costs.call_us)
        self.i2c = I2cBus(clock, costs.i2c_baud, costs.call_us)
        self.chips = [CHIPS[chip](clock, errors[i], random.Random(f"{seed} chip {i}")) for i in range(elements)]
        self.afe_cs = [self.spi.attach(c) for c in self.chips]
        if chip == "ade9153a":
            self.afe_reset = [Pin(1, c.reset_pin) for c in self.chips]
        else:
            self.afe_reset = [None] * elements
        self.cut = CutSwitch()
        self.storage = storage
        self.fram = self.partition = self.nor = self.nor_spi = self.nor_cs = None
        if storage == "fram":
            self.fram = Fram(StorageDevice(FRAM_BYTES, self.cut, fill=0))
            self.i2c.attach(0x50, self.fram)
            self.nor = W25q(
                clock, NOR_BYTES, rng=random.Random(f"{seed} nor"), storage=SparseStorage(NOR_BYTES, self.cut)
            )
            self.nor_spi = SpiBus(clock, NOR_BAUD, costs.call_us)
            self.nor_cs = self.nor_spi.attach(self.nor)
        else:
            self.partition = Partition(clock, PARTITION_BLOCKS, self.cut, random.Random(f"{seed} partition"))
        self.rtc = DS3231Model(clock)
        self.i2c.attach(0x68, self.rtc)
        if lcd == "pcf85176":
            self.lcd = PCF85176(clock, random.Random(f"{seed} lcd"))
            self.i2c.attach(0x38, self.lcd)
        else:
            self.lcd = HT1621(clock, random.Random(f"{seed} lcd"))
            pins = (self.lcd.cs, self.lcd.wr, self.lcd.data)
            self.lcd_pins = tuple(ChargedPin(1, pin.value).charge(clock, costs.pin_us) for pin in pins)
        fitted = (True, "c2" in variant, variant.endswith("r"))
        self.relays = [
            LatchingRelayModel(clock, random.Random(f"{seed} relay {k}"), closed=True) if fitted[k] else None
            for k in range(3)
        ]
        self.buttons = [ButtonModel(clock, random.Random(f"{seed} button {k}")) for k in range(2)]
        self.live = [SensedPin(partial(self._load_side, relay)) if relay else None for relay in self.relays[:2]]
        self.covers = {name: LevelInput(clock, level) for name, level in COVERS.items()}
        self.temperature = LevelInput(clock, 250)
        self.backlight = Pin(0)
        self.power_fail = Pin(1)
        self.watchdog = Watchdog(world)
        self.pulse_led = Pin(0)
        self.cf_drives_led = True
        self._set_faults(faults or {}, seed)
        # The line that says that something has happened: IRQ (low) of the ADE9153A, WarnOut (high) of the ATM90E26.
        level = "irq" if chip == "ade9153a" else "warnout"
        self.afe_irq = [SensedPin(partial(getattr, c, level)) for c in self.chips]
        world.inputs = [*self.buttons, *self.chips, *self.covers.values()]
        world.on_supply = self._supply

    def fit(self, name):
        """One more input of the tamper detection, of MORE_COVERS. Before the firmware boots."""
        self.covers[name] = LevelInput(self.world.clock, MORE_COVERS[name])
        self.world.inputs.append(self.covers[name])

    def _load_side(self, relay):
        return int((relay.closed and self.world.supply_on) or relay.backfeed)

    def _set_faults(self, faults, seed):
        if faults.get("spi_flip"):
            self.spi.flips = BitFlipper(random.Random(f"{seed} spi"), faults["spi_flip"])
        if faults.get("i2c_flip"):
            self.i2c.flips = BitFlipper(random.Random(f"{seed} i2c"), faults["i2c_flip"])

    def _supply(self, on):
        for part in filter(None, (self.fram, self.nor, self.partition, self.rtc, self.lcd, *self.relays)):
            part.power(on)
        self.power_fail.level = 1 if on else 0

    def mcu_reset(self):
        """The processor's pins float: gate pull-downs and pull-ups win."""
        for relay in self.relays:
            if relay is not None:
                relay.release()
        for cs in self.afe_cs:
            cs.value(1)

    def strap(self, cs, level):
        """Hardware.afe_strap: SS low and SCLK at `level` while RESET is low; None (255 over the link) gives them back."""
        chip = self.chips[self.afe_cs.index(cs)]
        if level is None or level == 255:
            chip.straps(1, 1)
        else:
            chip.straps(0, level)

    @property
    def memory(self):
        """bytearray: registers and what else is not in the NOR, of whichever part is fitted."""
        part = self.fram if self.fram is not None else self.partition
        return part.storage.data

    def factory(self):
        """What the factory and the commissioning write, past the firmware and in no time."""
        nor = self.nor.storage.data if self.nor is not None else None
        return Factory(self.memory, self.storage, len(self.chips), Crc32(), nor)

    def store_calibration(self, payloads):
        """What commissioning leaves: one record an element, bound to its chip, locked."""
        factory = self.factory()
        for i, payload in enumerate(payloads):
            factory.calibrate(i, payload, _identity(self.chips[i]))

    def objects(self):
        """name -> bench object, for the link."""
        found = {
            "afe_spi": self.spi,
            "i2c": self.i2c,
            "watchdog": self.watchdog,
            "afe_strap": self.strap,
            "backlight": self.backlight,
            "power_fail": self.power_fail,
            "button_a": self.buttons[0].pin,
            "button_b": self.buttons[1].pin,
        }
        for i in range(len(self.chips)):
            found[f"afe_cs{i}"] = self.afe_cs[i]
            if self.afe_reset[i] is not None:
                found[f"afe_reset{i}"] = self.afe_reset[i]
            found[f"afe_irq{i}"] = self.afe_irq[i]
        for k, relay in enumerate(self.relays):
            if relay is not None:
                found[f"k{k}_set"] = relay.set_pin
                found[f"k{k}_reset"] = relay.reset_pin
                found[f"k{k}_feedback"] = relay.feedback_pin
                if k < 2:
                    found[f"k{k}_live"] = self.live[k]
        found["terminal_temperature"] = self.temperature.pin
        for name, cover in self.covers.items():
            found[name] = cover.pin
        if self.partition is not None:
            found["flash"] = self.partition
        if self.nor_spi is not None:
            found["flash_spi"] = self.nor_spi
            found["flash_cs"] = self.nor_cs
        if self.lcd_name == "ht1621":
            found["lcd_cs"], found["lcd_wr"], found["lcd_data"] = self.lcd_pins
        return found

    def link_config(self, cause):
        """What boards/virtual must know beside the objects; JSON-able."""
        return {
            "chip": self.chip_name,
            "variant": self.variant,
            "lcd": self.lcd_name,
            "storage": self.storage,
            "reset_cause": cause,
            "boot_us": self.world.costs.boot_us,
        }

    def hardware(self, cause):
        """The Hardware record of this board for a firmware in this process. cause: 0 power-on, 1 watchdog, 2 other."""
        hw = Hardware()
        hw.board = "virtual"
        hw.chip = self.chip_name
        hw.variant = self.variant
        hw.clock = self.world.clock
        hw.spi = [self.spi] * len(self.chips)
        hw.afe_cs = self.afe_cs
        hw.afe_reset = self.afe_reset
        hw.afe_strap = self.strap
        hw.afe_irq = self.afe_irq
        hw.i2c = self.i2c
        hw.fram_address = 0x50 if self.fram is not None else None
        hw.flash_partition = self.partition
        hw.flash_spi = self.nor_spi
        hw.flash_cs = self.nor_cs
        hw.rtc_address = 0x68
        hw.lcd = self.lcd_name
        if self.lcd_name == "ht1621":
            hw.lcd_pins = self.lcd_pins
        hw.button_a = self.buttons[0].pin
        hw.button_b = self.buttons[1].pin
        for relay in self.relays:
            hw.k_set.append(relay.set_pin if relay else None)
            hw.k_reset.append(relay.reset_pin if relay else None)
            hw.k_feedback.append(relay.feedback_pin if relay else None)
        hw.k_live = [*self.live, None]
        for name, cover in self.covers.items():
            setattr(hw, name, cover.pin)
        hw.terminal_temperature = self.temperature.pin
        hw.backlight = self.backlight
        hw.power_fail = self.power_fail
        hw.pulse_led = self.pulse_led
        hw.cf_drives_led = self.cf_drives_led
        hw.watchdog = self.watchdog
        hw.reset_cause = cause
        hw.boot_us = self.world.costs.boot_us
        return hw
