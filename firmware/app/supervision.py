# SPDX-License-Identifier: MIT
"""Watches the measuring chain: turns what a pass found into events, and keeps the account of declared loss."""

from micropython import const

from app.metrology import sample as s
from app.records import codes

_REJECTED_EVERY_S = const(3600)  # rejections are counted one by one and logged at most once an hour

_NEWS = s.RESTARTED | s.DOWN | s.SUSPECT | s.REPAIRED


class Supervision:
    """elements: list of Element; store: State; log: event log.

    reverse[i]: element runs in reverse, as the power quality supervision has found. fault[i]: chip down. warning: any of them,
    or a flag.
    """

    def __init__(self, elements, store, log):
        self.elements = elements
        self.store = store
        self.log = log
        self.fault = [0] * len(elements)
        self.reverse = [0] * len(elements)
        self.rejected = 0
        self.warning = False
        self._identified = [0] * len(elements)
        self._rejected_logged = 0
        self._countdown_s = 0
        self._settled = False  # as of the last look there is nothing to do, and only news can change that

    def follow(self, quality):
        """quality: app.quality.quality.Quality, whose reverse run is a warning too."""
        self.reverse = quality.reverse
        quality.supervision = self

    def look_again(self):
        """Something that it follows has changed."""
        self._settled = False

    def poll(self, now_ms, second):
        if self._settled and self.warning is self.store.flagged:
            for element in self.elements:
                if element.news & _NEWS or element.lost_changed:
                    break
            else:
                return
        self._look(second)

    def _look(self, second):
        warning = self.store.flagged
        settled = True
        busy = False  # one storage operation a pass: energy reads must not wait for two
        for i in range(len(self.elements)):
            element = self.elements[i]
            flags = element.news  # while the supply fails passes go by that nobody looks at
            element.news = 0
            if flags & s.RESTARTED:
                self.log.append_now(codes.MEASUREMENT_FAULT, i)
            if flags & s.REPAIRED:
                self.log.append_now(codes.INTEGRITY_ISSUE, codes.SUB_CONFIG_REPAIRED)
            if flags & s.SUSPECT:
                self.rejected += 1
            if flags & s.ENERGY and not self._identified[i] and not busy:
                busy = True
                self._identified[i] = 1
                if not self.store.identify(i, element.front_end):
                    self.log.append_now(codes.INTEGRITY_ISSUE, codes.SUB_CALIBRATION)
            self.fault[i] = 1 if element.down else 0
            if element.lost_changed and not busy:
                busy = True
                self._lost(element)
            if element.down or self.reverse[i]:
                warning = True
            settled = settled and self._identified[i] and not (element.down or element.lost_changed)
        self.warning = warning
        if second:
            if self._countdown_s:
                self._countdown_s -= 1
            elif self.rejected != self._rejected_logged:
                self.log.append_now(codes.READING_REJECTED, (self.rejected - self._rejected_logged) & 0xFFFF)
                self._rejected_logged = self.rejected
                self._countdown_s = _REJECTED_EVERY_S
        self._settled = settled and not self._countdown_s and self.rejected == self._rejected_logged

    def _lost(self, element):
        element.lost_changed = False
        self.store.save_lost(self.elements)
        wh = (element.lost_mwh[0] + element.lost_mwh[1]) // 1000
        self.log.append_now(codes.ENERGY_LOST, wh if wh < 0xFFFF else 0xFFFF)
