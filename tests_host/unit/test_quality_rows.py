# SPDX-License-Identifier: MIT
"""Every supervision with its own codes. Codes and sample limits: GBCS alert codes; objects of SMETS2 meters.

Extra of an event: value | element << 16 | seconds since the beginning of it << 17.
"""

from app.quality import rows as r
from app.quality.quality import HIGH, LOW, MEDIUM
from app.records import codes
from fakes_hw import without_heap
from fakes_quality import DAY, NOON, Bench


def extra(value, seconds, element=0):
    return value | element << 16 | seconds << 17


def test_nothing_to_tell_on_a_good_mains():
    b = Bench(2)
    b.seconds(100)
    assert b.events() == [] and b.cold.saves == 0 and b.quality.until_s() == 86_400


def voltage_row(volts, start, end, period, **off):
    """Exactly that row's events at that voltage."""
    b = Bench(**off)
    b.seconds(2)
    b.elements[0].sample.rms_voltage_mv = round(volts * 1000)
    b.seconds(period)
    assert b.events() == [], volts
    b.seconds(1)
    assert b.events() == [(start, extra(round(volts * 10), period + 1))]
    b.elements[0].sample.rms_voltage_mv = 230_000
    b.seconds(period)
    assert b.events() == []
    b.seconds(1)
    assert b.events() == [(end, extra(2300, period + 1))]
    b.seconds(100)
    assert b.events() == []


def test_voltage_rows():
    voltage_row(253.1, 0x8024, 0x8091, 30)
    voltage_row(215.9, 0x802C, 0x8099, 30)
    voltage_row(288.0, 0x8020, 0x808D, 30, swell_s=0)
    voltage_row(179.9, 0x8028, 0x8095, 30, sag_s=0)
    voltage_row(253.1, 0x8024, 0x8091, 1, swell_s=1)


def test_limits_themselves_are_inside():
    for volts_mv in (253_000, 216_000):
        b = Bench()
        b.elements[0].sample.rms_voltage_mv = volts_mv
        b.seconds(100)
        assert b.events() == []


def test_a_period_of_zero_switches_a_row_off():
    b = Bench(swell_s=0, extreme_over_s=0)
    b.elements[0].sample.rms_voltage_mv = 300_000
    b.seconds(100)
    assert b.events() == []


def test_frequency():
    b = Bench()
    sample = b.elements[0].sample
    sample.frequency_hz_x1000 = 52_010
    b.seconds(11)
    assert b.events() == [(0x7F01, extra(5201, 11))]
    sample.frequency_hz_x1000 = 46_990
    b.seconds(11)
    assert b.events() == [(0x7F02, extra(4699, 11)), (0x7F03, extra(4699, 11))]
    sample.frequency_hz_x1000 = 0  # a dead line has none
    b.seconds(50)
    assert b.events() == []
    sample.frequency_hz_x1000 = 50_000
    b.seconds(11)
    assert b.events() == [(0x7F04, extra(5000, 11))]


def test_over_current_has_a_start_only():
    b = Bench(2)
    b.elements[1].sample.rms_current_ma = 105_010
    b.seconds(11)
    assert b.events() == [(0x8010, extra(10501, 11, 1))]
    b.elements[1].sample.rms_current_ma = 100_000
    b.seconds(20)
    assert b.events() == [] and b.quality.rows.active[r.ROWS + r.OVER_CURRENT] == 0
    assert b.quality.rows.count[r.ROWS + r.OVER_CURRENT] == 1


def test_power_factor_counts_above_five_amperes_and_either_way():
    b = Bench(power_factor_s=60)
    sample = b.elements[0].sample
    sample.power_factor_x1000 = 500
    sample.rms_current_ma = 5_000
    b.seconds(200)
    assert b.events() == []
    sample.rms_current_ma = 5_001
    sample.power_factor_x1000 = -799
    b.seconds(61)
    assert b.events() == [(0x8014, extra(799, 61))]
    sample.power_factor_x1000 = -800
    b.seconds(61)
    assert b.events() == [(0x8015, extra(800, 61))]


def test_reverse_run_in_an_import_only_meter():
    b = Bench()
    b.elements[0].sample.active_power_mw = -500_000
    b.seconds(20)
    assert b.events() == [] and b.quality.reverse == [0]
    b = Bench(import_only=1)
    b.elements[0].sample.active_power_mw = -500_000
    b.seconds(5)
    assert b.events() == []
    b.seconds(20)
    assert b.events() == [(0x81BB, extra(500, 6))] and b.quality.reverse == [1]
    b.elements[0].sample.active_power_mw = -4_000  # noise around nothing
    b.seconds(6)
    assert b.events() == [] and b.quality.reverse == [0]


def test_a_break_in_reverse_run_begins_anew_and_each_episode_is_told():
    b = Bench(import_only=1)
    sample = b.elements[0].sample
    for power_mw, seconds in ((-500_000, 5), (500_000, 1), (-500_000, 5)):
        sample.active_power_mw = power_mw
        b.seconds(seconds)
    assert b.events() == [] and b.quality.reverse == [0]
    b.seconds(1)
    sample.active_power_mw = 500_000
    b.seconds(6)
    sample.active_power_mw = -500_000
    b.seconds(6)
    assert b.events() == [(0x81BB, extra(500, 6))] * 2


class Follower:
    def __init__(self):
        self.looks = 0

    def look_again(self):
        self.looks += 1


def test_who_follows_is_told_when_reverse_run_begins_and_ends():
    b = Bench(import_only=1)
    b.quality.supervision = follower = Follower()
    b.elements[0].sample.active_power_mw = -500_000
    b.seconds(5)
    assert follower.looks == 0
    b.seconds(20)
    assert follower.looks == 1
    b.settings.import_only = 0
    b.quality.reload()
    assert follower.looks == 2 and b.quality.reverse == [0]


def test_polarity_where_there_is_an_input():
    wrong = [0]
    b = Bench(polarity=lambda: wrong[0])
    b.seconds(10)
    wrong[0] = 1
    b.seconds(20)
    assert b.events() == [(0x81B8, extra(1, 6))]
    assert Bench().quality._period[r.POLARITY] == 0


def test_record_only_rows_go_to_the_dip_log():
    b = Bench()
    b.elements[0].sample.rms_voltage_mv = 216_100  # below -6 %, above the sag limit
    b.seconds(4)
    assert b.events() == []
    assert b.dip_log.read(0) == (DAY, NOON, 0, 2161, 0, 4 | 0x10 | 0x20, 0)
    b.seconds(6)
    b.elements[0].sample.rms_voltage_mv = 230_000
    b.seconds(4)
    assert b.dip_log.count == 2
    assert b.dip_log.read(1) == (DAY, NOON, 0, 2161, 10_000, 4 | 0x20, 0)


def test_value_holds_until_the_next_reading():
    b = Bench()
    b.seconds(1)
    b.elements[0].sample.rms_voltage_mv = 255_000
    b.second()
    assert b.quality.until_s() == 3  # over voltage is decided after 3 s
    for _ in range(2):
        b.second(10, fresh=False)
        assert b.events() == []
    b.second(9, fresh=False)
    assert b.events() == [] and b.quality.until_s() == 1
    b.second(1, fresh=False)
    assert b.events() == [(0x8024, extra(2550, 31))]


def test_a_reading_after_a_long_span_is_one_second_of_the_new_value():
    b = Bench()
    b.seconds(1)
    b.elements[0].sample.rms_voltage_mv = 255_000
    b.second(60)
    assert b.events() == []  # 59 s were 230 V
    b.elements[0].sample.rms_voltage_mv = 230_000
    b.second(60)  # 60 s were 255 V, one is not
    assert [code for code, _ in b.events()] == [0x8024]


def test_nothing_is_qualified_while_the_chip_is_down_and_nothing_forgotten():
    b = Bench()
    b.elements[0].sample.rms_voltage_mv = 255_000
    b.seconds(20)
    b.elements[0].down = True
    b.seconds(100)
    assert b.events() == []
    b.elements[0].down = False
    b.second(50, fresh=False)  # no reading yet
    b.seconds(10)
    assert b.events() == []
    b.seconds(1)
    assert b.events() == [(0x8024, extra(2550, 31))]


def test_counters_and_what_lasts_survive():
    b = Bench(2)
    b.elements[1].sample.rms_voltage_mv = 170_000
    b.seconds(31)
    assert [code for code, _ in b.events()] == [0x8028, 0x802C]
    again = Bench(2, cold=b.cold)
    again.elements[1].sample.rms_voltage_mv = 170_000
    again.seconds(100)
    assert again.events() == []  # it lasts, and was told
    again.elements[1].sample.rms_voltage_mv = 230_000
    again.seconds(31)
    assert [code for code, _ in again.events()] == [0x8095, 0x8099]
    assert again.quality.rows.count[r.ROWS + r.SAG] == 1 and again.quality.rows.count[r.SAG] == 0


def test_a_record_that_cannot_be_stored_waits():
    b = Bench()
    b.cold.refuses = True
    b.elements[0].sample.rms_voltage_mv = 255_000
    b.seconds(40)
    assert b.quality.dirty and b.cold.stored is None
    b.cold.refuses = False
    b.seconds(1)
    assert not b.quality.dirty and b.cold.saves == 1


def test_what_readers_ask():
    b = Bench()
    sample = b.elements[0].sample
    for mhz, good in ((44_990, False), (45_000, True), (55_000, True), (55_010, False), (0, False)):
        sample.frequency_hz_x1000 = mhz
        assert b.quality.frequency_valid(0) is good
    for watts, level in ((-5000, LOW), (2299, LOW), (2300, MEDIUM), (4599, MEDIUM), (4600, HIGH)):
        sample.active_power_mw = watts * 1000
        assert b.quality.power_level(0) == level
    for milliamperes, valid in ((39, False), (40, True)):
        sample.rms_current_ma = milliamperes
        assert b.quality.power_factor_valid(0) is valid


def test_settings_that_contradict_each_other():
    b = Bench()
    b.settings.set_value("sag_0v1", 2530)
    assert b.settings.fault() == 255
    b.settings.set_value("sag_0v1", 2160)
    b.settings.average_s = 9
    assert b.settings.fault() == 255


class Count:
    """A log and a store that keep nothing but how often they were asked."""

    def __init__(self):
        self.n = 0

    def append_now(self, code, extra):
        self.n += 1

    def save(self, cold_id, buf):
        self.n += 1
        return True


def test_no_second_allocates_whatever_it_decides():
    b = Bench(2, average_s=10)
    b.quality.log = log = Count()
    b.quality.cold = store = Count()
    sample = b.elements[1].sample

    def minutes(bench):
        for volts_mv in (300_000, 150_000, 230_000):
            sample.rms_voltage_mv = volts_mv
            sample.frequency_hz_x1000 = 53_000 if volts_mv > 250_000 else 50_000
            for _ in range(40):
                bench.now_ms += 1000
                bench.clock.advance(bench.now_ms)
                bench.quality.poll(bench.now_ms, True)

    without_heap(minutes, b)
    # Starts and ends of four voltage rows and of one of frequency; three changes of the averages, then the second element's.
    assert log.n >= 10 and store.n >= 10 and b.dip_log.count > 0


def test_the_packed_rows():
    """Against the names of the codes and the units of the settings."""
    expected = (
        (r.EXTREME_OVER, r.VOLTS, 1, codes.EXTREME_OVER_VOLTAGE_START, codes.EXTREME_OVER_VOLTAGE_END, 100),
        (r.EXTREME_UNDER, r.VOLTS, 0, codes.EXTREME_UNDER_VOLTAGE_START, codes.EXTREME_UNDER_VOLTAGE_END, 100),
        (r.SAG, r.VOLTS, 0, codes.SAG_START, codes.SAG_END, 100),
        (r.SWELL, r.VOLTS, 1, codes.SWELL_START, codes.SWELL_END, 100),
        (r.OVER_VOLTAGE, r.VOLTS, 1, 0, 0, 100),
        (r.UNDER_VOLTAGE, r.VOLTS, 0, 0, 0, 100),
        (r.OVER_FREQUENCY, r.HERTZ, 1, codes.OVER_FREQUENCY_START, codes.OVER_FREQUENCY_END, 10),
        (r.UNDER_FREQUENCY, r.HERTZ, 0, codes.UNDER_FREQUENCY_START, codes.UNDER_FREQUENCY_END, 10),
        (r.OVER_CURRENT, r.AMPERES, 1, codes.OVER_CURRENT, 0, 10),
        (r.POWER_FACTOR, r.FACTOR, 0, codes.POWER_FACTOR_LOW, codes.POWER_FACTOR_RESTORED, 1),
        (r.REVERSE, r.EXPORT, 1, codes.REVERSE_CURRENT, 0, 1000),
        (r.POLARITY, r.WRONG, 1, codes.INCORRECT_POLARITY, 0, 1),
    )
    assert len(r.TABLE) == r.EACH * r.ROWS == r.EACH * len(expected)
    for row, value, over, start, end, unit in expected:
        assert tuple(r.TABLE[r.EACH * row : r.EACH * row + 2]) == (value, over)
        assert (r.word(row, r.START), r.word(row, r.END), r.word(row, r.UNIT)) == (start, end, unit)
    group = Bench().settings
    names = ("extreme_over", "extreme_under", "sag", "swell", "over_voltage", "under_voltage")
    names += ("over_frequency", "under_frequency", "over_current", "power_factor", "reverse")
    ends = ("_0v1", "_0hz01", "_0a01", "_x1000", "_w")
    for row in range(r.POLARITY):
        group.set_value(names[row] + ends[expected[row][1]], 1)
        assert r.limit(group, row) == expected[row][5], row
        group.set_value(names[row] + "_s", 77)
        assert r.period_s(group, row) == 77, row
