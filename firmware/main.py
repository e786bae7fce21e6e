# SPDX-License-Identifier: MIT
from board import build

from compose import compose

hardware = build()  # build("e1c2", "atm90e26") for another model: see boards/<name>/wiring.md
meter = compose(hardware)
while True:
    hardware.wait(meter.poll(hardware.now_ms()))
