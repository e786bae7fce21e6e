# SPDX-License-Identifier: MIT
"""A simulation whose firmware runs in a real MicroPython process, in lock step with the bench through the link."""

import json
from pathlib import Path

from host_tools.bench.link import LinkServer
from host_tools.bench.sim import Simulation
from host_tools.bench.world import EndOfRun

ROOT = Path(__file__).resolve().parent.parent.parent
MAIN = ROOT / "tests_host" / "virtual_main.py"
REPORT_STATE = 1


class RemoteSimulation(Simulation):
    """As Simulation; `state` is what the firmware reported at the end. tick_ms: longest wait.

    on_wait(sim): called after every pass, before time goes on. What happens to the board (McuReset, SupplyLost, PowerCut)
    kills the process at that operation, and the next boot is a fresh interpreter. script: the main loop.
    """

    def __init__(self, world, bench, tick_ms, on_wait=None, on_progress=None, heapsize=None, script=MAIN):
        super().__init__(world, bench, build=None, on_progress=on_progress)
        self.tick_ms = tick_ms
        self.state = None
        self.on_wait = on_wait
        self._ended = False
        self.link = LinkServer(
            bench.objects(),
            world.clock,
            self._wait,
            script,
            cwd=str(ROOT),
            path=(str(ROOT / "firmware"), str(ROOT / "boards")),
            heapsize=heapsize,
            on_report=self._report,
        )

    def _boot(self, cause):
        world = self.world
        world.watchdog_on = False
        world.pass_time(world.costs.boot_us)
        self.link.config = dict(self.bench.link_config(cause), tick_ms=self.tick_ms)
        self.link.start()
        self.boots += 1

    def _loop(self):
        self.link.serve()

    def _wait(self, next_ms):
        self.passes += 1
        if self.on_wait is not None:
            self.on_wait(self)
        if self.on_progress is not None and not self.passes & 0xFF:
            self.on_progress(self.world.clock.now_us)
        if self._ended:
            raise EndOfRun
        try:
            self.world.wait(next_ms)
        except EndOfRun:
            # One more pass for what flowed up to the last instant, then the firmware tells its state.
            self._ended = True
            self.link.request(REPORT_STATE)

    def _report(self, tag, payload):
        if tag == REPORT_STATE:
            self.state = json.loads(bytes(payload))

    def _last_pass(self):
        self.link.stop()

    def element_states(self):
        return self.state["elements"]

    def detected(self):
        return self.state["detected"]
