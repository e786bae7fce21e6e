# SPDX-License-Identifier: MIT
"""Stamps events with the meter's clock and hands them to their log; what a feature may call without knowing either.

Nothing that goes wrong with the log comes back to the feature that had something to tell.
"""


class Journal:
    """log: EventLog; clock: app.clock.Clock. refused: appends that raised (the store is gone): counted, metering goes on."""

    def __init__(self, log, clock):
        self.log = log
        self.clock = clock
        self.refused = 0

    def append_now(self, code, extra):
        """Log `code` with the time now. allocates: no"""
        try:
            self.log.append(self.clock.day, self.clock.second, code, extra)
        except Exception:  # noqa: BLE001
            self.refused += 1

    def append_at(self, day, second, code, extra):
        """Log `code` with a time of its own (when the supply went, for instance)."""
        try:
            self.log.append(day, second, code, extra)
        except Exception:  # noqa: BLE001
            self.refused += 1

    def poll(self, now_ms, second):
        if not self.log.durable or second:
            self.log.poll()
