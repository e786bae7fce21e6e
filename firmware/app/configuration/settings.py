# SPDX-License-Identifier: MIT
"""Everything that may be set of a meter, in groups; the order of the groups is that of the stored record."""

from app.configuration.group import Group
from app.panel import settings as panel
from app.quality import settings as quality
from app.records import billing, demand, instrumentation, journal, load_profile, voltage_log
from app.supply import auto, limiter, tamper
from app.tariff import tariff


class Settings:
    """One attribute a group, each a Group with the factory defaults. `groups`: all of them."""

    def __init__(self):
        self.tariff = Group(tariff.FIELDS, tariff.rule)
        self.load_profile = Group(load_profile.FIELDS, load_profile.rule)
        self.instrumentation = Group(instrumentation.FIELDS, load_profile.rule)
        self.voltage_log = Group(voltage_log.FIELDS, voltage_log.rule)
        self.demand = demand.settings()
        self.billing = billing.settings()
        self.quality = Group(quality.FIELDS, quality.rule)
        self.load_limit = Group(limiter.FIELDS)
        self.events = Group(journal.FIELDS)
        self.panel = panel.settings()
        self.causes = Group(auto.FIELDS)
        self.tamper = Group(tamper.FIELDS)
        self.groups = (
            self.tariff,
            self.load_profile,
            self.instrumentation,
            self.voltage_log,
            self.demand,
            self.billing,
            self.quality,
            self.load_limit,
            self.events,
            self.panel,
            self.causes,
            self.tamper,
        )
