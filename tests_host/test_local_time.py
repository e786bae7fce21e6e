# SPDX-License-Identifier: MIT
"""Local time against the IANA database (zoneinfo), every hour of a century."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from app.local_time import LocalTime


def test_every_hour_of_2000_to_2037_is_europe_london():
    # 2037 is as far as the compiled database lists changes; afterwards the rule alone holds.
    local = LocalTime()
    zone = ZoneInfo("Europe/London")
    start = datetime(2000, 1, 1, tzinfo=UTC)
    for hour in range(int((datetime(2038, 1, 1, tzinfo=UTC) - start) / timedelta(hours=1))):
        moment = start + timedelta(hours=hour)
        offset = moment.astimezone(zone).utcoffset()
        assert offset is not None
        assert local.offset_s(hour // 24, hour % 24 * 3600) == offset.total_seconds(), moment
