# SPDX-License-Identifier: MIT
"""What a board's interpreter and buses cost in virtual time. All figures are parameters, none is measured on silicon.

pass_us: interpreter work of one pass without bus time; call_us: overhead of one bus call from Python; pin_us: of one
pin call; spi_baud: ADE9153A clock;
slow_spi_baud: ATM90E26 clock (<= 136 kHz, symmetric clock limit of its timing table); i2c_baud; gc_us/gc_every: a collection
each so many passes (PSRAM heap); boot_us: supply good to build().
"""


class Costs:
    __slots__ = (
        "name",
        "pass_us",
        "call_us",
        "pin_us",
        "spi_baud",
        "slow_spi_baud",
        "i2c_baud",
        "gc_us",
        "gc_every",
        "boot_us",
    )

    def __init__(self, name, pass_us, call_us, pin_us, spi_baud, slow_spi_baud, i2c_baud, gc_us, gc_every, boot_us):
        self.name = name
        self.pass_us = pass_us
        self.call_us = call_us
        self.pin_us = pin_us
        self.spi_baud = spi_baud
        self.slow_spi_baud = slow_spi_baud
        self.i2c_baud = i2c_baud
        self.gc_us = gc_us
        self.gc_every = gc_every
        self.boot_us = boot_us


BOARDS = {
    "virtual": ("virtual", 500, 10, 2, 1_000_000, 125_000, 400_000, 5_000, 1000, 300_000),
    "esp32_s3_devkitc": ("esp32_s3_devkitc", 4_000, 60, 8, 1_000_000, 125_000, 400_000, 30_000, 1000, 1_200_000),
    "esp32_devkitc": ("esp32_devkitc", 5_000, 80, 10, 1_000_000, 125_000, 400_000, 50_000, 1000, 1_500_000),
    "arduino_giga": ("arduino_giga", 1_500, 20, 3, 1_000_000, 125_000, 400_000, 15_000, 1000, 900_000),
}


def costs(name):
    """Costs of board `name`; KeyError when unknown."""
    return Costs(*BOARDS[name])
