# SPDX-License-Identifier: MIT
"""Authorised preset of registers: a meter takes over the readings of the unit it replaces. Through the door only."""

from app.metrology.registers import MODULUS_WH
from app.records import codes


class Preset:
    """elements: list of Element; store: State; clock: Clock; log: Journal. engines: who must know, or None."""

    def __init__(self, elements, store, clock, log):
        self.elements = elements
        self.store = store
        self.clock = clock
        self.log = log
        self.engines = None

    def connect(self, engines):
        """engines: who must know of a preset before and after it."""
        self.engines = engines

    def apply(self, argument):
        """argument: [element, register index 0..5, Wh]. returns: 0 done and stored, 1 refused (nothing changed)"""
        if len(argument) != 3:
            return 1
        number, index, wh = argument
        if not (0 <= number < len(self.elements) and 0 <= index < 6 and 0 <= wh < MODULUS_WH):
            return 1
        engines = self.engines
        if engines is not None and not engines.preset(number, index, wh):
            return 1
        element = self.elements[number]
        registers = element.registers
        old_wh = registers.wh[index]
        old_residue = registers.residue[index]
        registers.wh[index] = wh
        registers.residue[index] = 0
        # Only this element's record: another one's could fail when this one is stored already.
        if not self.store.save_one(number, element, self.clock):
            registers.wh[index] = old_wh
            registers.residue[index] = old_residue
            return 1
        if engines is not None:
            engines.preset_done()
        self.log.append_now(codes.REGISTER_PRESET, number << 4 | index)
        return 0
