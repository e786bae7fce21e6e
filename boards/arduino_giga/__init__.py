# SPDX-License-Identifier: MIT
"""Arduino GIGA R1 WiFi: fills the Hardware record. UNPROVEN ON SILICON. Wiring and traps: wiring.md."""

import machine
from hardware import Hardware
from micropython import const

from bringup import ADE9153A_BAUD, ATM90E26_BAUD, OneShot, Pins, Strap, arm, check, fill

from .pins import PINS, PINS_E2C2

_FLASH_BAUD = const(8_000_000)


def build(variant="e1c1", chip="ade9153a"):
    """variant: e1c1 e1c1r e1c2 e1c2r e2c2; chip: ade9153a, atm90e26. Returns Hardware; ValueError on anything else."""
    pins = Pins(PINS_E2C2 if variant == "e2c2" else PINS)
    pins.coils_low()
    check(variant, chip)
    hw = Hardware()
    hw.board = "arduino_giga"
    fill(hw, pins, variant, chip)
    if chip == "ade9153a":
        # The port takes the pins of a hardware SPI from its board file and refuses them as arguments.
        settings = {"baudrate": ADE9153A_BAUD, "polarity": 1, "phase": 1}
        spi = machine.SPI(1, **settings)
        hw.afe_strap = Strap(spi, pins.id("afe_sclk"), settings)
    else:
        # SPI1 runs from PLL3 at 160 MHz and its divider ends at 256: 625 kHz, too fast for this part.
        spi = machine.SoftSPI(
            baudrate=ATM90E26_BAUD,
            polarity=1,
            phase=1,
            sck=machine.Pin(pins.id("afe_sclk")),
            mosi=machine.Pin(pins.id("afe_mosi")),
            miso=machine.Pin(pins.id("afe_miso")),
        )
    hw.spi = [spi] * len(hw.afe_cs)
    hw.i2c = machine.I2C(2, freq=400_000, timeout=10_000)
    hw.fram_address = 0x50
    hw.rtc_address = 0x68
    hw.lcd = "pcf85176"
    hw.lcd_address = 0x38
    hw.flash_cs = pins.get("flash_cs")
    hw.flash_spi = machine.SPI(5, baudrate=_FLASH_BAUD, polarity=0, phase=0)
    hw.one_shot = OneShot(machine.Timer(-1))
    hw.backlight = pins.get("backlight")
    hw.buzzer = pins.get("buzzer")
    hw.radio_uart = (2, pins.id("radio_tx"), pins.id("radio_rx"))
    hw.optical_uart = (4, pins.id("optical_tx"), pins.id("optical_rx"))
    return arm(hw)
