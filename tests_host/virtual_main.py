# SPDX-License-Identifier: MIT
"""firmware/main.py for the simulated board: the same loop, with `virtual` as the board package."""

from virtual import Board

board = Board()
meter = board.build_meter()
while True:
    board.wait(meter.poll(board.now_ms()))
