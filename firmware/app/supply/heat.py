# SPDX-License-Identifier: MIT
"""Temperature of the terminals: a warning, and a limit at which the supply is to be interrupted until they have cooled.

A threshold counts when it has been passed for longer than the filter time without a break; the way back is the same below the
threshold less the hysteresis. Limits, hysteresis and times are this project's, unverified.
"""

from micropython import const

from app.records import codes

OFF = const(0)
WARN = const(1)
OPEN = const(2)

_LEAST_0C1 = const(-1000)  # below it a reading is none
_DAY_S = const(86_400)


class Heat:
    """config: Group of app.supply.auto. read: callable -> 0.1 degree C, or None: not fitted. log: Journal.

    hot: the warning lasts. beyond: the terminals are too hot for the supply, or have not yet cooled for long enough.
    """

    __slots__ = ("config", "hot", "beyond", "_read", "_log", "_hot_s", "_open_s")

    def __init__(self, config, read, log):
        self.config = config
        self.hot = False
        self.beyond = False
        self._read = read
        self._log = log
        self._hot_s = 0
        self._open_s = 0

    @property
    def fitted(self):
        return self._read is not None and self.config.heat_mode != OFF

    def assume(self):
        """The supply was interrupted for heat before the boot: it has to cool first."""
        self.beyond = self.fitted and self.config.heat_mode == OPEN

    def see(self, passed_s):
        """`passed_s` more seconds. allocates: no"""
        if not self.fitted:
            self.hot = self.beyond = False
            return
        reading = self._read()
        if reading < _LEAST_0C1:
            return
        config = self.config
        back = config.heat_warn_0c1 - config.heat_hysteresis_0c1
        if reading < back if self.hot else reading > config.heat_warn_0c1:
            self._hot_s += passed_s
            if self._hot_s > config.heat_filter_s:
                self._hot_s = 0
                self.hot = not self.hot
                self._log.append_now(codes.OVERHEATING_START if self.hot else codes.OVERHEATING_END, reading)
        else:
            self._hot_s = 0
        if config.heat_mode != OPEN:
            self.beyond = False
            return
        back = config.heat_open_0c1 - config.heat_hysteresis_0c1
        if reading < back if self.beyond else reading > config.heat_open_0c1:
            self._open_s += passed_s
            if self._open_s > (config.heat_cool_s if self.beyond else config.heat_filter_s):
                self._open_s = 0
                self.beyond = not self.beyond
        else:
            self._open_s = 0

    def until_s(self):
        """Seconds until something could be decided if the temperature stays. allocates: no"""
        config = self.config
        until_s = _DAY_S
        if self._hot_s:
            until_s = config.heat_filter_s + 1 - self._hot_s
        if self._open_s:
            until_s = min(until_s, (config.heat_cool_s if self.beyond else config.heat_filter_s) + 1 - self._open_s)
        return until_s if until_s > 1 else 1
