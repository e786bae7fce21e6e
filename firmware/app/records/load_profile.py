# SPDX-License-Identifier: MIT
"""Load profile: the energies of every interval or day, as differences of the totals that readers are served."""

from struct import pack_into

from micropython import const

from app.metrology.registers import MODULUS_WH
from app.records.profile import DAY_MIN, Profile, copy_body
from app.records.profile_reader import HEAD, difference_wh

BODY = const(16)
CHANNELS = const(4)  # active import, active export, reactive import, reactive export
DAILY_CHANNELS = const(2)

FIELDS = """load_profile
interval_min 5 60 30
# interval_min: aligned to UTC
"""
LENGTHS_MIN = (5, 10, 15, 20, 30, 60)


def rule(group):
    """For the configuration group: the interval is one of LENGTHS_MIN."""
    return group.interval_min in LENGTHS_MIN


class LoadProfile(Profile):
    """energy_wh[channel]: of the entry read last, and its attributes. Without a configuration its intervals are days, of
    DAILY_CHANNELS: daily consumption.
    """

    def __init__(self, ring, clock, served_wh, config, state, state_at):
        """served_wh: the six totals of one element that readers are served. config: with interval_min, or None."""
        length_min = DAY_MIN if config is None else config.interval_min
        channels = DAILY_CHANNELS if config is None else CHANNELS
        super().__init__(ring, clock, length_min, 4 * channels, state, state_at)
        self.served_wh = served_wh
        self.config = config
        self.energy_wh = [0] * channels

    def open_wh(self, channel):
        """Counted since the newest record. allocates: where a total passes 2**30 on a 32-bit port"""
        base = self._base_body
        at = 4 * channel
        total = base[at] | base[at + 1] << 8 | base[at + 2] << 16 | base[at + 3] << 24
        moved = self.served_wh[channel] - total
        return moved if moved >= 0 else moved + MODULUS_WH

    def poll(self, now_ms, second):
        if self.config is not None and self.config.interval_min != self._wanted_min:
            self.set_length(self.config.interval_min)
        super().poll(now_ms, second)

    def _capture(self, body):
        for channel in range(len(self.energy_wh)):
            pack_into("<I", body, 4 * channel, self.served_wh[channel])

    def _nothing(self, body, base):
        copy_body(body, 0, base)

    def _work_out(self, before, now):
        for channel in range(len(self.energy_wh)):
            moved = 0 if self.rebased else difference_wh(before, now, HEAD + 4 * channel, MODULUS_WH)
            self.energy_wh[channel] = moved
