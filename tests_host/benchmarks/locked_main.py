# SPDX-License-Identifier: MIT
"""tests_host/virtual_main.py with the heap locked around every pass from the 15th second on: through the link."""

import locked
from virtual import Board

STEADY_MS = 15_000


class LockedBoard(Board):
    """Its report also tells how many passes were locked, and what was swallowed in them."""

    passes = 0
    before = 0

    def state(self):
        state = Board.state(self)
        state["locked"] = self.passes
        state["swallowed"] = locked.swallowed(self.meter) - self.before
        return state


locked.check_lock()
board = LockedBoard()
meter = board.build_meter()
begin = board.now_ms()
while True:
    now_ms = board.now_ms()
    if (now_ms - begin) & 0x3FFFFFFF < STEADY_MS:
        next_ms = meter.poll(now_ms)
        board.before = locked.swallowed(meter)
    else:
        next_ms = locked.poll(meter, now_ms)
        board.passes += 1
    board.wait(next_ms)
