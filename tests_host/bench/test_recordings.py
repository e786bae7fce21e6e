# SPDX-License-Identifier: MIT
"""Recordings: the shipped files against their published totals (data/README.md), and every way a file can be wrong."""

import gzip
from pathlib import Path

import pytest

from host_tools.bench.chips.energy import NJ_PER_WH
from host_tools.bench.recordings import RecordingError, open_recording

DATA = Path(__file__).parents[2] / "data"
MINUTES = "P_W,Q_var,V_cV,I_dA\n"
HALF_HOURS = "start,E_Wmin,R_varmin,Vavg_cV,Vmin_cV,Vmax_cV,Imax_dA,filled_min\n"
SIMBENCH = "local_time,h0a_p,h0a_q,h0c_p,h0c_q,h0l_p,h0l_q,heatpump_p,ev37_p,pv3,pv8\n"
GENERIC = "utc,p_w,q_var,v_mv\n"


def write(tmp_path, text, name="file.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def segments(tmp_path, text, **options):
    return list(open_recording(write(tmp_path, text), **options).segments())


def failure(path, **options):
    with pytest.raises(RecordingError) as caught:
        for _ in open_recording(path, **options).segments():
            pass
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_year_of_minutes():
    recording = open_recording(DATA / "household_fr/fr_sceaux_2008_1min.csv.gz")
    assert recording.name == "fr_sceaux_2008_1min"
    assert recording.start_utc == (2922, 0)  # eight years with two leap days after 2000-01-01
    count = energy = 0
    lowest, highest = 10**9, 0
    for duration_us, point in recording.segments():
        count += 1
        energy += point.active_mw * duration_us
        lowest = min(lowest, point.voltage_mv)
        highest = max(highest, point.voltage_mv)
    assert count == 527_040
    assert energy == 565_107_016 * NJ_PER_WH // 60
    assert (lowest, highest) == (224_580, 250_920)


def test_half_hours_keep_their_energy_to_the_last_unit():
    recording = open_recording(DATA / "household_fr/fr_sceaux_2006_2010_halfhour.csv.gz")
    assert recording.start_utc == (2541, 17 * 3600 + 1800)  # 2006-12-16T17:30
    assert recording.total_nj()["active_import_wh"] == 2_260_793_610 * NJ_PER_WH // 60


def test_one_half_hour_is_exact_whatever_its_remainder(tmp_path):
    for energy in (0, 1, 2, 100_000, 100_001, 100_002):
        rows = segments(tmp_path, f"{HALF_HOURS}2008-01-01T00:00,{energy},{energy + 1},23000,22900,23100,10,0\n")
        assert sum(duration for duration, _ in rows) == 1_800_000_000
        assert sum(duration * point.active_mw for duration, point in rows) == energy * NJ_PER_WH // 60
        assert sum(duration * point.reactive_mvar for duration, point in rows) == (energy + 1) * NJ_PER_WH // 60


def test_simbench_totals_are_the_published_ones():
    recording = open_recording(DATA / "household_de_pv/simbench_2016_15min.csv.gz")
    assert recording.start_utc == (5843, 23 * 3600)  # midnight in Germany is 23:00 UTC of 2015-12-31
    totals = recording.total_nj()
    assert totals["active_import_wh"] * 1000 == 2_731_200_075 * NJ_PER_WH
    assert totals["active_export_wh"] * 1000 == 1_787_908_250 * NJ_PER_WH


def test_simbench_rows_are_evenly_spaced_in_utc_over_both_clock_changes():
    # 35 136 quarter hours are 366 days: the gap in March and the repeated hour in October cancel.
    durations = [d for d, _ in open_recording(DATA / "household_de_pv/simbench_2016_15min.csv.gz").segments()]
    assert len(durations) == 366 * 96
    assert set(durations) == {900_000_000}


@pytest.mark.parametrize(
    ("stamps", "utc_seconds"),
    [
        (["2016-03-27T01:45", "2016-03-27T03:00"], 45 * 60),  # 01:45 CET = 00:45 UTC
        (["2016-10-30T02:45", "2016-10-30T02:00", "2016-10-30T02:15"], 45 * 60),  # first 02:45 is summer time
        (["2016-07-01T00:00", "2016-07-01T00:15"], 22 * 3600),
    ],
)
def test_german_local_time(tmp_path, stamps, utc_seconds):
    path = write(tmp_path, SIMBENCH + "".join(f"{stamp},0,0,0,0,0,0,0,0,0,0\n" for stamp in stamps))
    recording = open_recording(path)
    assert recording.start_utc[1] == utc_seconds
    assert len(list(recording.segments())) == len(stamps)


def test_simbench_scaling(tmp_path):
    row = "2016-01-01T00:00,0.2767,-0.0675,0.5,0.1,0,0,0.25,0.125,0.1,0.2\n"
    ((_, point),) = segments(tmp_path, SIMBENCH + row)
    assert point.active_mw == 830_100 - 400_000  # 0.2767 of 3 kW less 0.1 of 4 kWp
    assert point.reactive_mvar == -79_987  # -0.0675 * 0.395 * 3 kvar = -79.9875 var, to the mvar
    ((_, point),) = segments(tmp_path, SIMBENCH + row, load="h0c", peak_kw="2.5", pv=None, q_factor=0.4)
    assert (point.active_mw, point.reactive_mvar) == (1_250_000, 100_000)
    ((_, point),) = segments(tmp_path, SIMBENCH + row, load="heatpump", pv="pv8", pv_kwp=8)
    assert (point.active_mw, point.reactive_mvar) == (750_000 - 1_600_000, 0)


def test_generic_rows_hold_until_the_next(tmp_path):
    text = (
        GENERIC + "2026-03-01T00:00:00Z,1500.125,-20,230100\n"
        "2026-03-01T00:00:10.5Z,-250.5,0,231000\n"
        "2026-03-01T01:00:30.5+01:00,0,0,0\n"
    )
    recording = open_recording(write(tmp_path, text))
    assert recording.start_utc == (9556, 0)  # 26 years and 59 days after 2000-01-01, seven leap days
    rows = list(recording.segments())
    assert [duration for duration, _ in rows] == [10_500_000, 20_000_000, 20_000_000]
    assert [point.active_mw for _, point in rows] == [1_500_125, -250_500, 0]
    assert rows[0][1].reactive_mvar == -20_000
    assert rows[1][1].current_ua == 1_084_416  # 250.5 W at 231 V: 1.084416 A
    assert not rows[2][1].live
    assert rows[2][1].frequency_mhz == 0


def test_segments_can_be_asked_for_again_and_compression_goes_by_content(tmp_path):
    path = tmp_path / "plain_name.csv"
    path.write_bytes(gzip.compress((MINUTES + "60,0,23000,3\n").encode()))
    recording = open_recording(path)
    assert len(list(recording.segments())) == len(list(recording.segments())) == 1
    assert recording.total_nj()["active_import_wh"] == NJ_PER_WH


def test_a_file_of_another_editor(tmp_path):
    path = tmp_path / "dos.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (MINUTES + "60,0,23000,3\n").replace("\n", "\r\n").encode())
    assert [point.active_mw for _, point in open_recording(path).segments()] == [60_000]


GOOD = "2026-01-01T00:00:00Z,1,0,230000\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "empty"),
        ("\n", 1, "no header"),
        ("time,power\n1,2\n", 1, "unknown header"),
        (MINUTES, 2, "no rows"),
        (GENERIC, 2, "no rows"),
        (MINUTES + "1620,70,24125\n", 2, "number of columns"),
        (MINUTES + "1620,70,24125,66\n1620,70,24125,66,1\n", 3, "number of columns"),
        (MINUTES + "1620,70,24125,66\n\n", 3, "number of columns"),
        (MINUTES + "16x0,70,24125,66\n", 2, "whole number"),
        (MINUTES + "1_620,70,24125,66\n", 2, "whole number"),
        (MINUTES + "nan,70,24125,66\n", 2, "whole number"),
        (MINUTES + "1620,70,-24125,66\n", 2, "voltage"),
        (MINUTES + "1620,70,24125,66\n99999999999,70,24125,66\n", 3, "1 MW"),
        (HALF_HOURS + "2008-01-01T00:00,1,1,23000,1,1,1\n", 2, "number of columns"),
        (HALF_HOURS + "2008-01-01T00:00,1,1,23000,1,1,1,0\n2008-01-01T01:00,1,1,23000,1,1,1,0\n", 3, "expected"),
        (HALF_HOURS + "yesterday,1,1,23000,1,1,1,0\n", 2, "time stamp"),
        (SIMBENCH + "2016-01-01T00:00,0,0\n", 2, "number of columns"),
        (SIMBENCH + "2016-01-01T00:00,0,0,0,0,0,0,0,0,nan,0\n", 2, "not a number"),
        (SIMBENCH + "2016-03-27T02:15,0,0,0,0,0,0,0,0,0,0\n", 2, "does not exist"),
        (SIMBENCH + "2016-01-01T00:00Z,0,0,0,0,0,0,0,0,0,0\n", 2, "local time"),
        (SIMBENCH + "2016-03-27T01:45" + ",0" * 10 + "\n2016-03-27T02:00" + ",0" * 10 + "\n", 3, "expected"),
        (GENERIC + GOOD, 2, "no length"),
        (GENERIC + GOOD + GOOD, 3, "not after"),
        (GENERIC + GOOD + "2025-12-31T23:59:59Z,1,0,230000\n", 3, "not after"),
        (GENERIC + GOOD + "2026-01-01T00:01:00Z,nan,0,230000\n", 3, "not a number"),
        (GENERIC + GOOD + "2026-01-01T00:01:00Z,1e3,0,230000\n", 3, "not a number"),
        (GENERIC + GOOD + "2026-01-01T00:01:00Z,1.0001,0,230000\n", 3, "decimals"),
        (GENERIC + GOOD + "2026-01-01T00:01:00Z,1,,230000\n", 3, "not a number"),
        (GENERIC + GOOD + "2026-01-01T00:01:00Z,1,0,0\n", 3, "without voltage"),
        (GENERIC + GOOD + "2026-01-01T00:01:00Z,1,0,-1\n", 3, "voltage"),
        (GENERIC + GOOD + "2026-13-01T00:01:00Z,1,0,1\n", 3, "time stamp"),
        (GENERIC + "1999-12-31T23:59:59Z,1,0,230000\n", 2, "before 2000"),
        (GENERIC + "2026-01-01T00:00:00.5Z,1,0,230000\n", 2, "whole second"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path, text, line, words):
    message = failure(write(tmp_path, text))
    assert message.startswith(f"file.csv, line {line}: ")
    assert words in message


def test_truncated_gzip(tmp_path):
    whole = (DATA / "household_fr/fr_sceaux_2008_1min.csv.gz").read_bytes()
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(whole[:30_000])
    message = failure(path)
    assert message.startswith("cut.csv.gz, line ")
    assert "ends too early" in message
    path.write_bytes(whole[:5])
    assert "line 1" in failure(path)


def test_damaged_gzip(tmp_path):
    whole = bytearray((DATA / "household_fr/fr_sceaux_2008_1min.csv.gz").read_bytes()[:30_000])
    whole[20_000:20_100] = bytes(100)
    path = tmp_path / "bad.csv.gz"
    path.write_bytes(whole)
    assert failure(path).startswith("bad.csv.gz, line ")


def test_not_text_no_file_no_such_option(tmp_path):
    path = tmp_path / "binary.csv"
    path.write_bytes(MINUTES.encode() + b"\xff\xfe\x00")
    assert "not text" in failure(path)
    path.write_bytes(b"\xff\xfe\x00")
    assert "line 1: not text" in failure(path)
    assert "missing.csv" in failure(tmp_path / "missing.csv")
    assert failure(tmp_path)  # a folder
    assert "peak_kw" in failure(write(tmp_path, MINUTES + "1,0,23000,1\n"), peak_kw=3)
    day = write(tmp_path, SIMBENCH + "2016-01-01T00:00" + ",0" * 10 + "\n")
    assert "h0x" in failure(day, load="h0x")
    assert "pv9" in failure(day, pv="pv9")
    assert "numbers" in failure(day, peak_kw="three")
