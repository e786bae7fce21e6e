# SPDX-License-Identifier: MIT
"""What the measuring chain did wrong becomes events, once each, and a warning sign.

Codes: SMETS2/GBCS 81AC measurement fault, 81A0 integrity (extra 20 calibration, 21 configuration); project 7F11 energy
declared lost (extra Wh), 7F12 reading rejected (extra how many).
"""

from app.metrology import sample as s
from app.metrology.element import Element
from app.supervision import Supervision
from fakes_meter import GOOD, START, Log, ScriptedFrontEnd


class Store:
    """identified: answers of identify. lost: saves of the account of loss."""

    def __init__(self):
        self.flagged = False
        self.belongs = True
        self.identified = []
        self.lost = 0

    def identify(self, index, front_end):
        self.identified.append(index)
        return self.belongs

    def save_lost(self, elements):
        self.lost += 1


class Bench:
    def __init__(self, count=1):
        self.log = Log()
        self.store = Store()
        self.elements = [Element(ScriptedFrontEnd()) for _ in range(count)]
        self.it = Supervision(self.elements, self.store, self.log)
        self.now = START

    def look(self, flags=GOOD, second=True, index=0):
        for i in range(len(self.elements)):
            self.elements[i].front_end.flags = flags if i == index else GOOD
            self.elements[i].read(self.now, second)
        self.it.poll(self.now, second)


def test_nothing_wrong_nothing_said():
    b = Bench(2)
    for _ in range(5):
        b.look()
    assert b.log.events == [] and not b.it.warning and b.it.fault == [0, 0]


def test_reset_of_a_chip_is_told_once_and_shown_while_it_is_down():
    b = Bench(2)
    b.look()
    b.look(s.RESTARTED | s.DOWN, False, 1)
    assert b.log.events == [(0x81AC, 1)] and b.it.fault == [0, 1] and b.it.warning
    b.look(s.DOWN, False, 1)
    b.look(s.DOWN, True, 1)
    assert b.log.events == [(0x81AC, 1)]
    b.elements[1].front_end.show(3600)
    b.look(GOOD, True, 1)
    assert b.it.fault == [0, 0] and not b.it.warning


def test_loss_is_stored_and_told_in_wh_import_and_export_together():
    b = Bench()
    b.look()
    b.elements[0].lost_mwh[:] = [1600, 900, 0, 0, 0, 0]
    b.elements[0].lost_changed = True
    b.look()
    assert b.log.events == [(0x7F11, 2)] and b.store.lost == 1
    b.look()
    assert b.store.lost == 1
    b.elements[0].lost_mwh[0] = 999_000_000  # the extra holds 65 535 at the most
    b.elements[0].lost_changed = True
    b.look()
    assert b.log.events[-1] == (0x7F11, 0xFFFF)


def test_one_thing_for_the_store_a_pass():
    b = Bench(2)
    for element in b.elements:
        element.lost_changed = True
    b.look()
    assert (len(b.store.identified), b.store.lost) == (1, 0)
    b.look()
    assert (len(b.store.identified), b.store.lost) == (2, 0) or (len(b.store.identified), b.store.lost) == (1, 1)
    for _ in range(3):
        b.look()
    assert b.store.identified == [0, 1] and b.store.lost == 2
    for _ in range(5):
        b.look()
    assert b.store.identified == [0, 1] and b.store.lost == 2


def test_foreign_calibration_is_told_when_the_chip_has_said_who_it_is():
    b = Bench()
    b.store.belongs = False
    b.look(s.DOWN)
    assert b.store.identified == []
    b.look()
    b.look()
    assert b.log.events == [(0x81A0, 20)] and b.store.identified == [0]


def test_repaired_configuration_is_told():
    b = Bench()
    b.look(GOOD | s.REPAIRED)
    assert b.log.events == [(0x81A0, 21)]


def test_rejections_are_counted_each_and_told_at_most_once_an_hour():
    b = Bench()
    b.look()
    for _ in range(3):
        b.look(s.SUSPECT, False)
    assert b.it.rejected == 3 and b.log.events == []
    b.look()
    assert b.log.events == [(0x7F12, 3)]
    b.look(s.SUSPECT)
    for _ in range(3598):
        b.look()
    assert b.log.events == [(0x7F12, 3)]
    b.look()
    b.look()
    assert b.log.events == [(0x7F12, 3), (0x7F12, 1)] and b.it.rejected == 4


class Quality:
    """Finds reverse run of an element, as app.quality.quality does."""

    def __init__(self, elements):
        self.reverse = [0] * elements
        self.supervision = None

    def find(self, i, reverse):
        self.reverse[i] = reverse
        self.supervision.look_again()


def test_reverse_run_is_a_warning_as_long_as_it_lasts():
    b = Bench(2)
    quality = Quality(2)
    b.it.follow(quality)
    for _ in range(5):
        b.look()
    assert b.it.reverse == [0, 0] and not b.it.warning
    quality.find(1, 1)
    for _ in range(5):
        b.look(second=False)
        assert b.it.reverse == [0, 1] and b.it.warning
    quality.find(1, 0)
    b.look(second=False)
    assert b.it.reverse == [0, 0] and not b.it.warning and b.log.events == []


def test_export_is_no_reverse_run():
    b = Bench()
    b.elements[0].front_end.show(-100)
    for _ in range(10):
        b.look()
    assert b.it.reverse == [0] and b.log.events == []


def test_flag_of_the_store_is_a_warning():
    b = Bench()
    b.store.flagged = True
    b.look()
    assert b.it.warning
