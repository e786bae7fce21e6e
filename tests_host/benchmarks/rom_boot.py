# SPDX-License-Identifier: MIT
"""Goes into the image beside the firmware (rom_mount.py): boots the meter on a tape, every feature on."""

import os

from tape_player import OutPin, Player


def _options():
    return os.getenv("FERRARIS_TAPE").split(" ")[:6]


def player():
    """The tape's own share. The firmware is not imported for it."""
    return Player(_options()[0])


def booted():
    """(player, meter) when from_pass is the next pass. raises: RuntimeError if not all of the meter is up"""
    path, chip, variant, lcd, wait_ms, from_pass = _options()
    import compose

    if not compose.__file__.startswith("/rom/"):
        raise RuntimeError("not from ROMFS: " + compose.__file__)
    tape = Player(path)
    hw = tape.hardware(chip, variant, lcd)
    hw.cf_drives_led = False  # so that the firmware makes the pulses: a feature more
    hw.pulse_led = OutPin()
    meter = compose.compose(hw)
    meter.set_longest_wait(int(wait_ms))
    for _ in range(int(from_pass) - 1):
        tape.next_pass(meter)
        meter.poll(tape.now_ms)
    if tape.lost or not meter.store.restored or meter.safe or sum(meter.feature_off):
        raise RuntimeError("the meter did not come up whole")
    if meter.panel is None or meter.supply is None or meter.pulse is None:
        raise RuntimeError("a feature is missing")
    return tape, meter
