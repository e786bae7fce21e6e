# SPDX-License-Identifier: MIT
"""The supply state machine against an oracle written from the table of its rules, under random triggers, commands and cuts.

The oracle knows nothing of switches, stores or order of calls: a state, a cause, and the rows of the table from the top. Each
step is a command, or a set of triggers of one pass, or a loss of the supply; afterwards states and causes are the same, and the
contact is where the state says.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "unit"))

from app.supply import control as sc  # noqa: E402
from app.supply import limiter as lm  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from test_supply_control import Life  # noqa: E402

ENABLED, ARMED, DISABLED, LOCKED = sc.ENABLED, sc.ARMED, sc.DISABLED, sc.LOCKED

# name -> trigger of the firmware; the order of the table is that of this dict
TRIGGERS = {
    "tamper": sc.TAMPER,
    "credit out": sc.CREDIT_OUT,
    "credit back": sc.CREDIT_BACK,
    "emergency credit": sc.EMERGENCY_CREDIT,
    "load exceeded": sc.LOAD_EXCEEDED,
    "load restore": sc.LOAD_RESTORE,
    "rule open": sc.RULE_OPEN,
    "rule arm": sc.RULE_ARM,
    "rule close": sc.RULE_CLOSE,
}
RULES = ("frequency", "voltage", "current", "heat")
CAUSE = {
    "": 0,
    "command": 1,
    "tamper": 2,
    "credit": 3,
    "load": 4,
    "frequency": 5,
    "voltage": 6,
    "current": 7,
    "heat": 8,
}


class Oracle:
    def __init__(self):
        self.state = ENABLED
        self.why = ""

    def command(self, what):
        if what == "disable":
            self.state, self.why = DISABLED, "command"
        elif self.state == LOCKED:
            return
        elif what == "arm" and self.state == DISABLED:
            self.state = ARMED
        elif what == "confirm" and self.state == ARMED:
            self.state, self.why = ENABLED, ""

    def triggers(self, names, rules):
        for name in TRIGGERS:
            if name in names:
                self._one(name, rules)

    def _one(self, name, rules):
        if name == "tamper":
            self.state, self.why = LOCKED, "tamper"
        elif self.state == LOCKED:
            return
        elif name == "credit out" and self.state == ENABLED:
            self.state, self.why = DISABLED, "credit"
        elif name in ("credit back", "emergency credit") and (self.state, self.why) == (DISABLED, "credit"):
            self.state = ARMED
        elif name == "load exceeded" and self.state == ENABLED:
            self.state, self.why = ARMED, "load"
        elif name == "load restore" and (self.state, self.why) == (ARMED, "load"):
            self.state, self.why = ENABLED, ""
        elif name == "rule open" and self.state == ENABLED:
            self.state, self.why = DISABLED, min(rules, key=RULES.index)
        elif name == "rule arm" and self.state == DISABLED and self.why in RULES:
            self.state = ARMED
        elif name == "rule close" and self.state in (DISABLED, ARMED) and self.why in RULES:
            self.state, self.why = ENABLED, ""


COMMANDS = st.sampled_from(["disable", "arm", "confirm"])
PASS = st.tuples(
    st.sets(st.sampled_from(list(TRIGGERS)), min_size=1, max_size=4),
    st.sets(st.sampled_from(RULES), min_size=1),
    st.randoms(use_true_random=False),
)
STEPS = st.lists(st.one_of(COMMANDS, PASS, st.just("cut")), max_size=25)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_the_machine_is_the_table(steps):
    life = Life(mode=lm.OFF)
    oracle = Oracle()
    for step in steps:
        control = life.control
        if step == "cut":
            life = life.again_as_it_is()
        elif isinstance(step, str):
            oracle.command(step)
            if step == "disable":
                control.command(False, life.now, 2)
            elif step == "arm":
                control.arm()
            else:
                control.command(True, life.now, 0)
            life.run(1)
        else:
            names, rules, chance = step
            oracle.triggers(names, rules)
            order = sorted(names)
            chance.shuffle(order)  # whoever comes first makes no difference
            for name in order:
                if name == "rule open":
                    for rule in sorted(rules, key=lambda _: chance.random()):
                        control.open_for(CAUSE[rule])
                else:
                    control.post(TRIGGERS[name])
            life.run(2)
        where = life.control.state(), life.control.cause
        assert where == (oracle.state, CAUSE[oracle.why]), step
        assert life.relay.at == (1 if oracle.state == ENABLED else 0)
