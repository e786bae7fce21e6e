# SPDX-License-Identifier: MIT
"""ESP32-DevKitC V4, WROVER-E: fills the Hardware record. Wiring and traps: wiring.md. Not yet proven on silicon."""

import esp32
import machine
from hardware import Hardware

from bringup import ADE9153A_BAUD, ATM90E26_BAUD, OneShot, Pins, Strap, arm, check, fill

from .pins import EXPANDER, PINS

# No pin is left for a second front end.
VARIANTS = ("e1c1", "e1c1r", "e1c2", "e1c2r")


def build(variant="e1c1", chip="ade9153a"):
    """variant: e1c1 e1c1r e1c2 e1c2r; chip: ade9153a or atm90e26. Returns Hardware; ValueError on anything else.

    RESET of an ADE9153A hangs on the expander (signal `afe_reset`): the front end can only start once that answers.
    """
    pins = Pins(PINS)
    pins.coils_low()
    check(variant, chip, VARIANTS)
    hw = Hardware()
    hw.board = "esp32_devkitc"
    fill(hw, pins, variant, chip)
    settings = {
        "baudrate": ADE9153A_BAUD if chip == "ade9153a" else ATM90E26_BAUD,
        "polarity": 1,
        "phase": 1,
        "sck": machine.Pin(pins.id("afe_sclk")),
        "mosi": machine.Pin(pins.id("afe_mosi")),
        "miso": machine.Pin(pins.id("afe_miso")),
    }
    spi = machine.SPI(2, **settings)
    hw.spi = [spi]
    if chip == "ade9153a":
        hw.afe_strap = Strap(spi, pins.id("afe_sclk"), settings)
    hw.i2c = machine.I2C(
        0, scl=machine.Pin(pins.id("scl")), sda=machine.Pin(pins.id("sda")), freq=400_000, timeout=10_000
    )
    hw.fram_address = 0x50
    hw.rtc_address = 0x68
    hw.expander_address = 0x20
    hw.expander = EXPANDER
    hw.lcd = "pcf85176"
    hw.lcd_address = 0x38
    hw.flash_partition = partition()
    hw.one_shot = OneShot(machine.Timer(0))
    hw.backlight = pins.get("backlight")
    hw.radio_uart = (1, pins.id("radio_tx"), pins.id("radio_rx"))
    hw.optical_uart = (2, pins.id("optical_tx"), pins.id("optical_rx"))
    return arm(hw)


def partition():
    """The partition `ferraris` (made by `meter flash`, see docs/flashing.md), or None on an image without it."""
    found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="ferraris")
    return found[0] if found else None
