# SPDX-License-Identifier: MIT
"""Load limiting: active import power above a threshold for longer than a period; the supply may be interrupted and comes back.

The power of each metering second is compared; a second at or below the threshold starts the period anew. One excess raises
8F01 once and counts one, whatever the mode. With mode "disable" the supply is disabled and armed at once (8F33); the consumer
may close it, and when nobody has done so within the restoration period the meter does (8F34).
Source: COSEM class 71 (limiter, Blue Book); GBCS alerts 8F01, 8F33, 8F34.
"""

from struct import pack_into, unpack_from

from micropython import const

from app.records import codes
from app.supply import control as sc

OFF = const(0)
UNCHANGED = const(1)  # tell only
DISABLE = const(2)

# name, minimum, maximum, default
FIELDS = """load_limit
load_limit_mode 0 2 1
load_limit_threshold_w 1 100000 6900
load_limit_period_s 1 86400 300
load_limit_restoration_s 1 86400 30
"""

_VERSION = const(1)
_RECORD = const(6)
_COUNT_MOST = const(0x3FFFFFFF)


class Limiter:
    """config: Group of FIELDS. control: SupplyControl or None. cold, cold_id: keep the counter. clock: Clock; log: Journal.

    count: excesses so far. exceeded: the present excess has been told. dirty: the counter waits for its store.
    """

    __slots__ = (
        "config",
        "count",
        "exceeded",
        "dirty",
        "_control",
        "_cold",
        "_cold_id",
        "_clock",
        "_log",
        "_over_s",
        "_restore_s",
        "_record",
    )

    def __init__(self, config, control, cold, cold_id, clock, log):
        self.config = config
        self.count = 0
        self.exceeded = False
        self.dirty = False
        self._control = control
        self._cold = cold
        self._cold_id = cold_id
        self._clock = clock
        self._log = log
        self._over_s = 0
        self._restore_s = 0
        self._record = bytearray(_RECORD)

    def restore(self):
        """The counter comes back; an excess before the cut is over: the supply was off. Boot only"""
        record = self._record
        if self._cold.load_into(self._cold_id, record) == _RECORD and record[0] == _VERSION:
            self.count = unpack_from("<I", record, 2)[0] & _COUNT_MOST

    def reset_counter(self):
        """By command. allocates: no"""
        self.count = 0
        self.dirty = True

    def see(self, power_w):
        """Active import power of the seconds that have just ended (`clock.passed_s`), export negative. allocates: no"""
        config = self.config
        if self.dirty:
            self._store()
        if not config.load_limit_mode:
            self._over_s = 0
            self.exceeded = False
            return
        passed_s = self._clock.passed_s
        if power_w <= config.load_limit_threshold_w:
            self._over_s = 0
            self.exceeded = False
        elif not self.exceeded:
            self._over_s += passed_s
            if self._over_s > config.load_limit_period_s:
                self._exceed()
        self._watch_restoration(passed_s)

    def until_s(self):
        """Seconds until something may come due; long steps end there. allocates: no"""
        control = self._control
        if control is not None and control.cause == sc.CAUSE_LOAD_LIMIT and not control.switch.commanded:
            left = self.config.load_limit_restoration_s - self._restore_s
            return left if left > 1 else 1
        if self._over_s and not self.exceeded:
            left = self.config.load_limit_period_s - self._over_s + 1
            return left if left > 1 else 1
        return 86_400

    def _exceed(self):
        self.exceeded = True
        if self.count < _COUNT_MOST:
            self.count += 1
        self.dirty = True
        self._log.append_now(codes.ABOVE_LOAD_LIMIT, self.count & 0xFFFF)
        self._store()
        if self.config.load_limit_mode == DISABLE and self._control is not None:
            self._restore_s = 0
            self._control.post(sc.LOAD_EXCEEDED)

    def _watch_restoration(self, passed_s):
        control = self._control
        if control is None or control.cause != sc.CAUSE_LOAD_LIMIT or control.switch.commanded or control.locked:
            self._restore_s = 0
            return
        self._restore_s += passed_s
        if self._restore_s >= self.config.load_limit_restoration_s:
            self._restore_s = 0
            control.post(sc.LOAD_RESTORE)

    def _store(self):
        record = self._record
        record[0] = _VERSION
        pack_into("<I", record, 2, self.count)
        try:
            if self._cold.save(self._cold_id, record):
                self.dirty = False
        except OSError:
            pass  # tried again with the next second
