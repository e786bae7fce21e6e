# SPDX-License-Identifier: MIT
"""What other parts of the meter want shown: plain ints that they set whenever they like, looked at once a second."""

from app.panel.view import HAN_OFF


class Signs:
    """battery: the backup cell is low or missing. tamper: a tamper flag is set. warning: a fault beside those of the
    supervision. terminal_open: the terminal cover is. test_enable: the test display is let in with the cover on.
    non_disablement: such a period is active. han_state: HAN_OFF, HAN_JOINING, HAN_JOINED of app.panel.view; han_level: 0..4.
    """

    __slots__ = (
        "battery",
        "han_level",
        "han_state",
        "non_disablement",
        "tamper",
        "terminal_open",
        "test_enable",
        "warning",
    )

    def __init__(self):
        self.battery = 0
        self.tamper = 0
        self.warning = 0
        self.terminal_open = 0
        self.test_enable = 0
        self.non_disablement = 0
        self.han_state = HAN_OFF
        self.han_level = 0
