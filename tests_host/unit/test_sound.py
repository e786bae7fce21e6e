# SPDX-License-Identifier: MIT
"""app.panel.sound and drivers.buzzer: clicks, beeps, silence while muted (feature R3.30)."""

from app import ticks
from app.panel import settings as st
from app.panel.sound import Sound
from drivers.buzzer import Buzzer
from fakes_hw import FakePin, without_heap

START = (1 << 30) - 100


def made():
    pin = FakePin(1, [])
    group = st.settings()
    return pin, group, Sound(Buzzer(pin), group)


def run(sound, now, ms):
    for _ in range(0, ms, 10):
        now = ticks.add(now, 10)
        if sound.busy:
            sound.poll(now)
    return now


def test_silent_from_the_start():
    pin, _, sound = made()
    assert pin.log == [0] and not sound.busy


def test_click():
    pin, _, sound = made()
    sound.click(START)
    assert pin.level == 1 and sound.busy
    now = run(sound, START, 10)
    assert pin.level == 1
    run(sound, now, 10)
    assert pin.level == 0 and not sound.busy and pin.log == [0, 1, 0]


def test_alert_beeps_as_often_as_asked():
    pin, _, sound = made()
    sound.alert(3, START)
    now = run(sound, START, 190)
    assert pin.level == 1
    now = run(sound, now, 20)
    assert pin.level == 0 and sound.busy
    now = run(sound, now, 100)
    sound.click(now)  # not heard beside it
    run(sound, now, 2000)
    assert pin.log == [0, 1, 0, 1, 0, 1, 0] and not sound.busy


def test_silent_while_muted():
    for mute, clicks, alerts in ((st.MUTE_CLICKS, 0, 1), (st.MUTE_ALERTS, 1, 0), (st.MUTE_ALL, 0, 0), (0, 1, 1)):
        pin, group, sound = made()
        group.buzzer_mute = mute
        sound.click(START)
        now = run(sound, START, 100)
        assert pin.log.count(1) == clicks
        sound.alert(1, now)
        run(sound, now, 1000)
        assert pin.log.count(1) == clicks + alerts


def test_muting_ends_what_sounds():
    pin, group, sound = made()
    sound.alert(9, START)
    now = run(sound, START, 100)
    assert pin.level == 1
    group.buzzer_mute = st.MUTE_ALL
    run(sound, now, 10)
    assert pin.level == 0 and not sound.busy


def test_without_buzzer():
    sound = Sound(None, st.settings())
    sound.click(START)
    sound.alert(2, START)
    assert not sound.busy


class Dead:
    def value(self, level):
        raise OSError(5)


def test_a_dead_pin_is_counted():
    buzzer = Buzzer(Dead())
    buzzer.sound(True)
    buzzer.sound(False)
    assert buzzer.errors == 2 and not buzzer.on


def test_a_tone_in_place_of_a_pin():
    heard = []
    buzzer = Buzzer(None, heard.append)
    buzzer.sound(True)
    buzzer.sound(True)
    buzzer.sound(False)
    assert heard == [0, 1, 0]


class Mute:
    def value(self, level):
        return None


def test_sounds_allocate_nothing():
    sound = Sound(Buzzer(Mute()), st.settings())

    def play(now):
        sound.click(now)
        now = run(sound, now, 50)
        sound.alert(2, now)
        run(sound, now, 1000)
        return sound.busy

    assert without_heap(play, START) is False
