# SPDX-License-Identifier: MIT
"""Daily consumption: one record for each day of UTC, active import and export as differences of totals."""

from struct import pack_into

from micropython import const

from app.metrology.registers import MODULUS_WH
from app.records.profile import DAY_MIN, Profile
from app.records.profile_reader import HEAD, difference_wh

BODY = const(8)


class DailyProfile(Profile):
    """import_wh, export_wh: of the entry read last."""

    def __init__(self, ring, clock, served_wh, state, state_at, log):
        super().__init__(ring, clock, DAY_MIN, BODY, state, state_at, log)
        self.served_wh = served_wh
        self.import_wh = 0
        self.export_wh = 0

    def _capture(self, body):
        pack_into("<II", body, 0, self.served_wh[0], self.served_wh[1])

    def _nothing(self, body, base):
        if body is not base:
            pack_into(self._body_format, body, 0, base)

    def _work_out(self, before, now):
        self.import_wh = 0 if self.rebased else difference_wh(before, now, HEAD, MODULUS_WH)
        self.export_wh = 0 if self.rebased else difference_wh(before, now, HEAD + 4, MODULUS_WH)
