# SPDX-License-Identifier: MIT
import gc

# A call whose frame has more than eleven places takes it from the heap for its time, a dozen times a pass, and the search
# begins at the start (MicroPython, py/objfun.c, py/gc.c): a hole is left there, before anything else is loaded.
room = bytearray(4096)
from board import build  # noqa: E402

from compose import compose  # noqa: E402

hardware = build()  # build("e1c2", "atm90e26") for another model: see boards/<name>/wiring.md
meter = compose(hardware)
del room
gc.collect()
while True:
    hardware.wait(meter.poll(hardware.now_ms()))
