# SPDX-License-Identifier: MIT
"""The four event logs as one list, for a person. Allocates: not for the running meter."""

from app.records.event_log import CODE, DAY, EVENT_FIELDS, EXTRA, SECOND, SERIAL


def merged(logs):
    """logs: EventLogs. returns: [(utc_day, utc_second, code, extra), ...], oldest first. Each log keeps its own order; between
    logs the stamp decides, and within a second the serial number.
    """
    rows = [_rows(log) for log in logs.log]
    places = [0] * len(rows)
    found = []
    while True:
        first = -1
        for i in range(len(rows)):
            if places[i] < len(rows[i]):
                if first < 0 or _before(rows[i][places[i]], rows[first][places[first]]):
                    first = i
        if first < 0:
            return found
        found.append(rows[first][places[first]][:4])
        places[first] += 1


def _rows(log):
    event = [0] * EVENT_FIELDS
    rows = []
    for index in range(log.count):
        if log.read_into(index, event):
            rows.append((event[DAY], event[SECOND], event[CODE], event[EXTRA], event[SERIAL]))
    return rows


def _before(one, other):
    if one[:2] != other[:2]:
        return one[:2] < other[:2]
    return (other[4] - one[4]) & 0xFF < 0x80
