# SPDX-License-Identifier: MIT
"""What may be set: one object, made at build time from the variant and the stored configuration."""

from micropython import const

# Variants stand for the models of the SGM1400-B family.
VARIANTS = ("e1c1", "e1c1r", "e1c2", "e1c2r", "e2c2")

SAVE_WH_X1000 = const(100)
WAIT_WH_X1000 = const(600)


class Config:
    """longest_wait_ms: longest wait between two passes. save_mwh: unsaved energy that triggers a save (mWh). wait_mwh: energy
    that may flow during one wait at the present power (mWh); the sum of both, and one chip window, is the loss bound of a cut.
    save_seconds: the time is saved at least this often. With a longest wait above a second these three give way to it: long
    runs lose at most one wait, and say so.
    """

    __slots__ = (
        "variant",
        "elements",
        "longest_wait_ms",
        "save_mwh",
        "wait_mwh",
        "save_seconds",
        "start_current_w",
        "meter_constant_imp_per_kwh",
    )

    def __init__(self, variant="e1c1"):
        if variant not in VARIANTS:
            raise ValueError("unknown variant " + variant)
        self.variant = variant
        self.elements = 2 if variant == "e2c2" else 1
        self.longest_wait_ms = 100
        self.save_mwh = SAVE_WH_X1000
        self.wait_mwh = WAIT_WH_X1000
        self.save_seconds = 1
        self.start_current_w = 9  # 40 mA at 230 V: class B starting current of 1-10(100) A, EN 50470-3
        self.meter_constant_imp_per_kwh = 1000

    def set_longest_wait(self, ms):
        """1..3 600 000 ms. raises: ValueError"""
        if not 1 <= ms <= 3_600_000:
            raise ValueError("wait must be 1 ms to an hour")
        self.longest_wait_ms = ms
