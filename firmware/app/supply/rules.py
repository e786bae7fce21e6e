# SPDX-License-Identifier: MIT
"""The supply rules of a round: load limit, then what anybody has posted to the state machines."""


class SupplyRules:
    """limiter: Limiter; controls: list of SupplyControl; element: the one whose active import is limited."""

    def __init__(self, limiter, controls, element):
        self.limiter = limiter
        self.controls = controls
        self.element = element

    @property
    def restless(self):
        """A trigger has not been done yet (a relay rests, a store does not answer)."""
        for control in self.controls:
            if control.posted and not control.refused:
                return True
        return False

    def poll(self, now_ms, second):
        """allocates: no"""
        if second:
            element = self.element
            self.limiter.see(0 if element.down else element.sample.active_power_mw // 1000)
        for control in self.controls:
            control.poll(now_ms, second)

    def until_s(self):
        """Seconds to the next decision, 1..86400. allocates: no"""
        for control in self.controls:
            if control.posted:
                return 1
        return self.limiter.until_s()
