# SPDX-License-Identifier: MIT
"""What may be set of the display and its keys. Ranges and defaults are this project's (unverified) where no source is named.

Contrast has an effect only where the board can make the LCD's voltage (`Panel.contrast_output`).
"""

from micropython import const

from app.configuration.group import Group

# Lists that a short press may open out of auto-scroll.
OPENS_NOTHING = const(0)
OPENS_AUTO = const(1)  # the auto list, by hand
OPENS_MANUAL = const(2)
OPENS_INSTALL = const(3)

# buzzer_mute, bits.
MUTE_CLICKS = const(1)
MUTE_ALERTS = const(2)
MUTE_ALL = const(3)

# name, minimum, maximum, default
FIELDS = """panel
auto_scroll_s 2 60 6
manual_timeout_s 10 300 30
backlight_s 5 300 30
contrast 0 15 8
long_press_ms 1000 5000 2000
both_press_ms 2000 10000 5000
a_short_opens 0 3 2
b_short_opens 0 3 0
a_long_opens_menu 0 1 1
b_sealed 0 1 0
test_without_cover 0 1 0
test_timeout_s 60 3600 600
prompt_s 10 120 30
buzzer_mute 0 3 0
local_time 0 1 1
# test_without_cover: the test display may be opened with the terminal cover on
# local_time: British local time in place of UTC, on the display only
"""


def settings():
    """The group, with its defaults."""
    return Group(FIELDS)
