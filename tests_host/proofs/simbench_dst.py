# SPDX-License-Identifier: MIT
"""SimBench 2016 in quarter hours, through both changes of summer time: UTC goes on, the display alone turns the clock.

The recording's rows are labelled in German local time; which UTC they are is found with the IANA database, not by the bench.
The meter shows British local time, which changes at the same instants (01:00 UTC).
"""

import csv
import gzip
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from app.panel import object_map as om
from app.records import profile as p

from host_tools.bench.job import Job
from tests_host.proofs.household_run import stored_intervals
from tests_host.proofs.recordings import SIMBENCH

SEED = 26
TICK_S = 450
QUARTER_S = 900
QUICK_DAYS = 95  # into April
LOAD_KW, PV_KW = 3, 4
SHARE = 0.0005
START_WH = 5 / 4  # of a quarter about the starting current (20 mA, 4.6 W), below which nothing need be metered
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
CHANGES = (datetime(2016, 3, 27, 1, tzinfo=UTC), datetime(2016, 10, 30, 1, tzinfo=UTC))
LONDON = ZoneInfo("Europe/London")
_NEAR_S = (
    7200  # the day of a change and this much around it: steps of 10 s; of a second near the change and each half-hour
)


def recorded():
    """[(UTC of the beginning, Wh imported, Wh exported)] of each quarter, its label checked against the IANA database."""
    berlin = ZoneInfo("Europe/Berlin")
    found = []
    with gzip.open(SIMBENCH, "rt", encoding="utf-8") as text:
        for row in csv.DictReader(text):
            utc = EPOCH.replace(year=2015, month=12, day=31, hour=23) + timedelta(seconds=QUARTER_S * len(found))
            local = utc.astimezone(berlin).replace(tzinfo=None)
            assert datetime.fromisoformat(row["local_time"]) == local, f"{row['local_time']} is not {utc}"
            wh = 250 * (float(row["h0a_p"]) * LOAD_KW - float(row["pv3"]) * PV_KW)
            found.append((utc, max(wh, 0), max(-wh, 0)))
    return found


class _Display:
    """Looks at the local date and time that the panel shows, in each pass of a second on the days of a change."""

    def __init__(self, begin):
        self.begin = begin  # datetime
        self.sim = None
        self.looks = 0
        self._set_in = -1  # second in which the step was set: the display follows from the next one on
        self.ahead = set()

    def __call__(self, meter):
        now = self.begin + timedelta(microseconds=self.sim.world.clock.now_us)
        step = self._step(now)
        if meter.config.longest_wait_ms != 1000 * step:
            meter.set_longest_wait(1000 * step)
            self._set_in = meter.clock.second
        elif step == 1 and meter.clock.second != self._set_in:
            self._look(meter)

    def _step(self, now):
        for change in CHANGES:
            away = abs((now - change).total_seconds())
            if now.date() == change.date() and (away < 120 or (now.timestamp() + 20) % 1800 < 40):
                return 1
            if away < 86_400 + _NEAR_S:
                return 10
        return TICK_S

    def _look(self, meter):
        clock = meter.clock
        utc = EPOCH + timedelta(days=clock.day, seconds=clock.second)
        local = utc.astimezone(LONDON)
        face = meter.panel
        readings, view = face.panel.readings, face.view
        seconds = readings.number(om.LOCAL_TIME, view)
        date = readings.number(om.LOCAL_DATE, view)
        what = f"seed {SEED}: at {utc} the panel shows {date} {seconds}"
        assert seconds == (local.hour * 60 + local.minute) * 60 + local.second, what
        assert date == (local.year * 16 + local.month) * 32 + local.day, what
        self.looks += 1
        self.ahead.add((utc.month, local.utcoffset()))


def prove(full):
    """One line: quarters, errors, looks at the display."""
    quarters = recorded()[: None if full else QUICK_DAYS * 96]
    display = _Display(quarters[0][0])
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "quarters.toml"
        config.write_text("[load_profile]\ninterval_min = 15\n", encoding="utf-8")
        job = Job(
            inputs=[SIMBENCH], tick_ms=TICK_S * 1000, until_s=QUARTER_S * len(quarters) + 60, seed=SEED, config=config
        )
        sim = job.simulation(on_pass=display)
    display.sim = sim
    sim.run()
    intervals, _, _ = stored_intervals(sim.bench)
    assert len(intervals) == len(quarters), f"seed {SEED}: {len(intervals)} quarters of {len(quarters)}"
    worst = 0.0
    for k, (one, (utc, into, out)) in enumerate(zip(intervals, quarters, strict=True)):
        end = EPOCH + timedelta(minutes=one.end)
        what = f"seed {SEED}, quarter {k} of {utc}, status {one.status}: {one.wh}, {into:.2f} in, {out:.2f} out"
        assert end == utc + timedelta(seconds=QUARTER_S) and one.minutes == 15, f"{what}, ends at {end}"
        assert one.status == (p.PARTIAL if k == 0 else 0), what
        for wh, recorded_wh in ((one.wh[0], into), (one.wh[1], out)):
            error = abs(wh - recorded_wh)
            beyond = (0 if wh < recorded_wh < START_WH else error) - SHARE * recorded_wh
            assert beyond <= (1 if k else 5), what
            worst = max(worst, beyond if k else 0)
    total = [sum(one.wh[channel] for one in intervals) for channel in (0, 1)]
    served = sim.meter.store.served_wh[0]
    held = [sim.meter.engines.profiles.load[0].open_wh(channel) for channel in (0, 1)]
    assert [total[0] + held[0], total[1] + held[1]] == served[:2], f"seed {SEED}: {total} + {held} of {served[:2]} Wh"
    changes = 2 if full else 1
    assert len(display.ahead) == 2 * changes, f"seed {SEED}: {display.ahead}"
    return (
        f"{len(intervals)} quarters of UTC, none lost, doubled or mislabelled; within {worst:.2f} Wh + 0.05 %; "
        f"{total[0]} Wh in, {total[1]} Wh out = register advance; local display right at {display.looks} looks over "
        f"{changes} change(s) of summer time"
    )
