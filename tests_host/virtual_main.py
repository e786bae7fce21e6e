# SPDX-License-Identifier: MIT
"""firmware/main.py for the simulated board: the same loop, with `virtual` as the board package."""

import gc

room = bytearray(4096)  # as in firmware/main.py
from virtual import Board  # noqa: E402

board = Board()
meter = board.build_meter()
del room
gc.collect()
while True:
    board.wait(meter.poll(board.now_ms()))
