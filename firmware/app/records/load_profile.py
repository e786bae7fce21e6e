# SPDX-License-Identifier: MIT
"""Load profile: the four energies of every interval, as differences of the totals that readers are served."""

from struct import pack_into

from micropython import const

from app.metrology.registers import MODULUS_WH
from app.records.profile import Profile
from app.records.profile_reader import HEAD, difference_wh

BODY = const(16)
CHANNELS = const(4)  # active import, active export, reactive import, reactive export

FIELDS = """
interval_min 5 60 30  # aligned to UTC
"""
LENGTHS_MIN = (5, 10, 15, 20, 30, 60)


def rule(group):
    """For the configuration group: the interval is one of LENGTHS_MIN."""
    return group.interval_min in LENGTHS_MIN


class LoadProfile(Profile):
    """energy_wh[0..3]: of the entry read last, and its attributes."""

    def __init__(self, ring, clock, served_wh, config, state, state_at, log):
        """served_wh: the six totals of one element that readers are served. config: with interval_min."""
        super().__init__(ring, clock, config.interval_min, BODY, state, state_at, log)
        self.served_wh = served_wh
        self.config = config
        self.energy_wh = [0] * CHANNELS

    def open_wh(self, channel):
        """Counted since the newest record. allocates: where a total passes 2**30 on a 32-bit port"""
        base = self._base_body
        at = 4 * channel
        total = base[at] | base[at + 1] << 8 | base[at + 2] << 16 | base[at + 3] << 24
        moved = self.served_wh[channel] - total
        return moved if moved >= 0 else moved + MODULUS_WH

    def poll(self, now_ms, second):
        if self.config.interval_min != self._wanted_min:
            self.set_length(self.config.interval_min)
        super().poll(now_ms, second)

    def _capture(self, body):
        served = self.served_wh
        pack_into("<IIII", body, 0, served[0], served[1], served[2], served[3])

    def _nothing(self, body, base):
        if body is not base:  # pack_into clears first
            pack_into(self._body_format, body, 0, base)

    def _work_out(self, before, now):
        for channel in range(CHANNELS):
            self.energy_wh[channel] = 0 if self.rebased else difference_wh(before, now, HEAD + 4 * channel, MODULUS_WH)
