# SPDX-License-Identifier: MIT
"""The simulated board, seen from a firmware in a MicroPython process: every part is a name on the bench behind the link.

What only this board can do: tell the bench about the meter (registers, events, counters) when it asks with the reply to a
wait.
"""

import json

from hardware import Hardware

from .link import Link
from .remote import LinkBlocks, LinkCall, LinkClock, LinkI2c, LinkPin, LinkSpi, LinkWatchdog

REPORT_STATE = 1
_INPUTS = (
    "main_cover",
    "terminal_cover",
    "second_terminal_cover",
    "battery_cover",
    "magnet",
    "other_tamper",
    "terminal_temperature",
)


class Board:
    """The connection, the Hardware record on it, and the two functions of the loop."""

    def __init__(self):
        self.link = Link()
        self.clock = LinkClock(self.link)
        self.meter = None
        self._asked = 0

    def build(self):
        link = self.link
        config = link.config
        hw = Hardware()
        hw.board = "virtual"
        hw.chip = config["chip"]
        hw.variant = config["variant"]
        hw.clock = self.clock
        spi = LinkSpi(link, "afe_spi")
        for i in range(2 if hw.variant == "e2c2" else 1):
            hw.spi.append(spi)
            hw.afe_cs.append(LinkPin(link, "afe_cs%d" % i))
            hw.afe_reset.append(self._pin("afe_reset%d" % i))
            hw.afe_irq.append(LinkPin(link, "afe_irq%d" % i))
        hw.afe_strap = LinkCall(link, "afe_strap")
        hw.i2c = LinkI2c(link, "i2c")
        if config["storage"] == "fram":
            hw.fram_address = 0x50
            hw.flash_spi = LinkSpi(link, "flash_spi")
            hw.flash_cs = LinkPin(link, "flash_cs")
        else:
            hw.flash_partition = LinkBlocks(link, "flash")
        hw.rtc_address = 0x68
        hw.lcd = config["lcd"]
        if hw.lcd == "ht1621":
            hw.lcd_pins = (LinkPin(link, "lcd_cs"), LinkPin(link, "lcd_wr"), LinkPin(link, "lcd_data"))
        hw.button_a = LinkPin(link, "button_a")
        hw.button_b = LinkPin(link, "button_b")
        for k in range(3):
            hw.k_set.append(self._pin("k%d_set" % k))
            hw.k_reset.append(self._pin("k%d_reset" % k))
            hw.k_feedback.append(self._pin("k%d_feedback" % k))
            hw.k_live.append(self._pin("k%d_live" % k))
        for name in _INPUTS:
            setattr(hw, name, self._pin(name))
        hw.backlight = LinkPin(link, "backlight")
        hw.power_fail = LinkPin(link, "power_fail")
        hw.watchdog = LinkWatchdog(link, "watchdog")
        hw.reset_cause = config["reset_cause"]
        hw.boot_us = config["boot_us"]
        hw.now_ms = self.now_ms
        hw.wait = self.wait
        return hw

    def build_meter(self):
        """Compose, start and remember the meter."""
        hw = self.build()
        from compose import compose  # here: the parts of this package are of use without a meter

        meter = compose(hw)
        meter.set_longest_wait(self.link.config["tick_ms"])
        self.meter = meter
        return meter

    def _pin(self, name):
        return LinkPin(self.link, name) if name in self.link.handles else None

    def now_ms(self):
        return self.link.ticks_ms()

    def wait(self, next_ms):
        if self._asked == REPORT_STATE:
            self.link.report(REPORT_STATE, json.dumps(self.state()).encode())
        self.link.wait(next_ms)
        self._asked = self.link.request

    def state(self):
        """What the bench wants to know of the meter, JSON-able."""
        meter = self.meter
        elements = []
        counters = {}
        for element in meter.elements:
            elements.append(
                {"wh": element.registers.wh, "residue": element.registers.residue, "lost_mwh": element.lost_mwh}
            )
            front_end = element.front_end
            for name in ("crc_errors", "address_errors", "retries", "resets", "rejects"):
                counters[name] = counters.get(name, 0) + getattr(front_end, name)
            counters["driver_failures"] = counters.get("driver_failures", 0) + element.failures
        counters["saves_failed"] = meter.store.save_failures
        counters["store_errors"] = meter.store.hot.errors
        return {
            "elements": elements,
            "served_wh": meter.store.served_wh,
            "detected": counters,
            "feature_off": meter.feature_off,
            "passes": meter.passes,
        }
