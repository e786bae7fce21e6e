"""Dips by half cycles: the ADE9153A model, its driver, the meter's passes and the dip log say what was computed by hand.

Ideal dips of n half cycles to a residual r, aligned to the zero crossings, threshold 90 %: Urms(1/2) of one cycle renewed each
half cycle is sqrt((1 + r^2) / 2) in the first and the last window, r in between. n + 1 updates are below (n - 1 for r = 0.85),
and the first below and the first above are so many half cycles apart. Off the crossings a step at the fraction x of the window
weighs F(x) = x - sin(4 pi x) / (4 pi).

Convention (app/quality/dips.py): an event begins with the first update below and ends with the first above, each stamped when
the interrupt has brought a pass. IEC 61000-4-30 class S allows a cycle, 20 ms, at either end; a cycle in all is allowed here.
"""

import math

from host_tools.bench.point import OperatingPoint
from tests_host.quality_bench import QualityRun

HALF_S = 0.010
RESIDUALS = (0.0, 0.4, 0.7, 0.85)
COUNTS = (1, 2, 3, 5, 10, 50)
OFFSETS_MS = (0.0, 2.5, 5.0)
CYCLE_MS = 20
PASS_MS = 3  # of a stamp: the pass that the interrupt brings
_LEVEL = 0.9
_NOMINAL_MV = 230_000


def weight(x):
    return x - math.sin(4 * math.pi * x) / (4 * math.pi)


def by_hand(n, r, offset_ms=0.0):
    """(lowest Urms(1/2) as a fraction, updates below the threshold) of a dip that begins `offset_ms` after a crossing."""
    begin, end = offset_ms, offset_ms + 10 * n
    found = []
    for k in range(1, n + 5):
        window = 10 * (k - 2)  # its beginning, ms; it lasts 20
        low = min(max((begin - window) / 20, 0.0), 1.0)
        high = min(max((end - window) / 20, 0.0), 1.0)
        inside = weight(high) - weight(low)
        found.append(math.sqrt(1 - inside + r * r * inside))
    return min(found), sum(u < _LEVEL for u in found)


def resistance(fraction):
    return OperatingPoint(round(_NOMINAL_MV * fraction), round(1_000_000 * fraction * fraction))


def check(n, r, offset_ms, tick_ms):
    """(difference of duration in ms, difference of the minimum in % of Udin), or None where no event was due."""
    lowest, below = by_hand(n, r, offset_ms)
    lead_s = 8.5 + offset_ms / 1000
    run = QualityRun("ade9153a", [(n * HALF_S, resistance(r)), (1.0, resistance(1.0))], tick_ms, lead_s)
    where = f"n {n}, residual {r}, {offset_ms} ms after the crossing, passes of {tick_ms} ms"
    if not below:
        assert run.dips == [], f"{where}: {run.dips}, none was due"
        return None
    assert len(run.dips) == 1, f"{where}: {run.dips}"
    record = run.dips[0]
    assert record is not None, where
    _, second, ms, extreme, duration, kind, element = record
    assert (kind, element) == (1, 0), where
    off_ms = duration - 10 * below
    assert abs(off_ms) <= PASS_MS, f"{where}: {duration} ms, {10 * below} by hand"
    off_percent = 100 * (extreme / 2300 - lowest)
    assert abs(off_percent) <= 0.1, f"{where}: {extreme / 10} V, {230 * lowest:.1f} by hand"
    # Stamped after the first update below, which is the end of a window that the dip has begun in.
    late_ms = (second - run.job.start[1]) * 1000 + ms - run.lead_us / 1000
    assert 0 <= late_ms <= CYCLE_MS, f"{where}: stamped {late_ms} ms after the step"
    return off_ms, off_percent


def prove(full):
    """Golden dips: durations (n + 1) x 10 ms and minima by hand, aligned and off the crossings, whatever the passes."""
    for n in COUNTS[1:]:
        for r in RESIDUALS[:3]:
            assert by_hand(n, r)[1] == n + 1 and abs(by_hand(n, r)[0] - r) < 1e-9
        assert by_hand(n, 0.85)[1] == n - 1
    assert [round(100 * by_hand(1, r)[0], 1) for r in RESIDUALS] == [70.7, 76.2, 86.3, 92.8]
    found = []
    none = 0
    for tick_ms in (100, 1000) if full else (100,):
        for offset_ms in OFFSETS_MS if full else OFFSETS_MS[:2]:
            for n in COUNTS if full else COUNTS[:3]:
                for r in RESIDUALS:
                    result = check(n, r, offset_ms, tick_ms)
                    none += result is None
                    if result is not None:
                        found.append(result)
    worst_ms = max(abs(ms) for ms, _ in found)
    worst_percent = max(abs(percent) for _, percent in found)
    return (
        f"{len(found)} dips within {worst_ms} ms of duration and {worst_percent:.3f} % of Udin of what was computed by hand, "
        f"{none} too shallow and not logged"
    )
