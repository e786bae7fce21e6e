# SPDX-License-Identifier: MIT
"""A feature that raises is switched off alone and logged; metering, saving and the watchdog go on. Also the power-fail pass.

81AF: program fault (SMETS2 self-test), extra = number of the feature in app.meter.
"""

from app import meter as m
from fakes_meter import PER_WH, FakeRtc, Feature, Rig

NUMBERS = {
    "timekeeper": m.FEATURE_CLOCK,
    "supervision": m.FEATURE_SUPERVISION,
    "supply": m.FEATURE_SUPPLY,
    "panel": m.FEATURE_PANEL,
}
PROGRAM_FAULT = 0x81AF


class Supply(Feature):
    def __init__(self):
        Feature.__init__(self)
        self.stops = 0

    def stop(self):
        self.stops += 1
        self.busy = False


def parts():
    return {"timekeeper": Feature(), "supervision": Feature(), "supply": Supply(), "panel": Feature()}


def metering(rig):
    """Five Wh in two seconds reach the registers, the store and the readers; every pass feeds."""
    passes = rig.meter.passes
    fed = rig.watchdog.fed
    wh = rig.store.served_wh[0][0]
    rig.chips[0].total += 5 * PER_WH
    rig.run(2001)
    return rig.store.served_wh[0][0] == wh + 5 and rig.watchdog.fed - fed == rig.meter.passes - passes > 0


def test_each_feature_fails_alone():
    for name, number in NUMBERS.items():
        for error in (ValueError("x"), OSError(5), MemoryError(), KeyError(1)):
            rig = Rig(**parts())
            rig.run(1500)
            features = {key: getattr(rig.meter, key) for key in NUMBERS}
            features[name].raises = error
            rig.run(2000)
            polls = len(features[name].polls)
            off = [0] * len(rig.meter.feature_off)
            off[number] = 1
            assert rig.meter.feature_off == off, name
            others = [len(features[key].polls) for key in NUMBERS if key != name]
            assert metering(rig), name
            assert len(features[name].polls) == polls  # never asked again
            now = [len(features[key].polls) for key in NUMBERS if key != name]
            for before, after in zip(others, now):
                assert after > before
            assert rig.events() == [(PROGRAM_FAULT, number)]
            assert rig.store.last_error is error


def test_log_that_raises_takes_nobody_with_it():
    class Broken:
        def put(self, number, day, second, code, extra, flags):
            raise ValueError("ring")

        def resume(self):
            raise ValueError("ring")

    rig = Rig(rtc=FakeRtc(), started=False)
    rig.log.logs = Broken()
    rig.start()
    rig.chips[0].flags |= 4  # RESTARTED: supervision wants to log it
    rig.run(1500)
    off = [0] * len(rig.meter.feature_off)
    off[m.FEATURE_LOG] = 1
    assert rig.meter.feature_off == off
    assert rig.log.refused > 0 and metering(rig)


def test_feature_that_raises_while_it_starts():
    for name in ("timekeeper", "supply", "panel"):
        features = parts()
        features[name].raises = OSError(19)
        rig = Rig(**features)
        assert rig.store.restored and rig.meter.feature_off[NUMBERS[name]] == 1
        assert rig.events() == [(PROGRAM_FAULT, NUMBERS[name])]
        features[name].raises = None
        assert metering(rig) and features[name].polls == []


def test_supply_that_fails_leaves_no_coil_on_and_no_short_waits():
    features = parts()
    rig = Rig(**features)
    features["supply"].busy = True
    features["panel"].keys_down = True
    rig.run(500)
    features["supply"].raises = ValueError()
    features["panel"].raises = ValueError()
    rig.step()
    assert features["supply"].stops == 1
    features["supply"].busy = True  # whatever it last said
    rig.run(1000)
    del rig.gaps[:]
    rig.run(1000)
    assert rig.gaps[0] == 100


class Hang(Exception):
    """Stands for a pass that does not come to its end."""


def hang(*_):
    raise Hang


def test_watchdog_is_fed_by_a_complete_pass_only():
    for name in ("save", "housekeeping", "poll"):
        rig = Rig(**parts())
        rig.run(1000)
        fed = rig.watchdog.fed
        assert fed == rig.meter.passes
        if name == "housekeeping":  # only flash has any
            rig.store.in_flash = True
            rig.store.save = lambda elements, clock: True
        setattr(rig.store, name, hang)
        rig.wait(1000)
        try:
            rig.poll()
        except Hang:
            assert rig.watchdog.fed == fed
        else:
            raise AssertionError(name)


# Power-fail warning


def test_failing_supply_saves_what_was_read_at_once_and_sheds_the_rest():
    features = parts()
    rig = Rig(**features)
    rig.run(1500)
    polls = {key: len(features[key].polls) for key in NUMBERS}
    rig.power_good = 0
    for i in range(1, 21):
        rig.chips[0].total += 3600  # 0.1 Wh, half of what triggers a save
        rig.wait(5)
        assert rig.poll() <= 5
        hot = rig.store.hot
        record = hot._images[0][hot._newest[0]]
        assert record[64:68] == rig.chips[0].base.to_bytes(4, "little")  # the open second, in the last record
        assert len(features["supply"].polls) == polls["supply"] + i  # its coils go off
    for name in ("timekeeper", "supervision", "panel"):
        assert len(features[name].polls) == polls[name]
    assert rig.watchdog.fed == rig.meter.passes and rig.meter.failing
    rig.power_good = 1
    rig.run(2000)
    for name in NUMBERS:
        assert len(features[name].polls) > polls[name]
    assert not rig.meter.failing and not rig.store.failing


def test_reset_of_the_chip_in_a_failing_pass_is_logged_when_the_supply_is_back():
    rig = Rig(rtc=FakeRtc())
    rig.run(1500)
    rig.power_good = 0
    rig.chips[0].flags = 4 | 8  # RESTARTED, DOWN
    rig.wait(5)
    rig.poll()
    rig.chips[0].flags = 1 | 2
    rig.wait(5)
    rig.poll()
    rig.power_good = 1
    rig.run(1500)
    assert 0x81AC in rig.codes()
