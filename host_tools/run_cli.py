# SPDX-License-Identifier: MIT
"""`meter run`: the live meter. A terminal gets the picture and keys, anything else one line a second."""

import contextlib
import signal
import subprocess
import time
from datetime import UTC, datetime

from rich.live import Live

from host_tools import durations
from host_tools.bench import runtimes
from host_tools.bench.job import report
from host_tools.bench.link import LinkError
from host_tools.bench.live import LiveJob
from host_tools.errors import BadInput, NoDevice, one_line
from host_tools.run_face import Scene, screen, status_line
from host_tools.run_keys import Keyboard

SPEED_LIMIT = 10_000
OUTAGE_S = 10
_LINE_S = 1.0
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def live_job(speed, for_text, **options):
    """Options of the command line -> LiveJob. raises BadInput"""
    if not 0 < speed <= SPEED_LIMIT:  # NaN is neither
        raise BadInput(f"speed {speed:g}: above 0 and up to {SPEED_LIMIT} is possible")
    elapsed = datetime.now(UTC) - _EPOCH
    for_s = durations.seconds(for_text) if for_text is not None else None
    return LiveJob(speed=speed, for_s=for_s, utc=(elapsed.days, elapsed.seconds), **options)


def run_live(job, console):
    """Run until its end, a key or a signal; keep the state. returns: the report (dict). raises NoDevice"""
    try:
        version = _firmware_version(job.runtime)
        sim = job.simulation()
    except runtimes.MissingRuntime as error:
        raise NoDevice(str(error)) from None
    sim.outage_us = OUTAGE_S * 1_000_000
    scene = Scene(sim, f"Ferraris {job.variant} · {job.chip.upper()} · {version}")
    sim.world.on_end = lambda: sim.bench.power_fail.value(0)  # the power-fail warning: the meter saves all it has
    with _ended_by_signal(sim.world), Keyboard() as keys, _display(scene, keys, console) as show:
        sim.world.on_idle = Hand(sim, keys, show).idle
        try:
            sim.run()
        except LinkError as error:
            raise NoDevice(f"MicroPython stopped: {one_line(error)}") from None
        finally:
            sim.world.on_idle = None
            if job.state is not None and sim.passes:
                job.state.save(sim.bench, job)
    scene.look()
    console.print(status_line(scene), markup=False, highlight=False, soft_wrap=True)
    return report(job, sim)


class Hand:
    """What a person at the keyboard can do to the meter and to the world around it."""

    def __init__(self, sim, keys, show):
        self.world = sim.world
        self.keys = keys
        self.show = show
        world, bench = sim.world, sim.bench
        line = world.lines[0]
        load = line.load
        a, b = bench.buttons
        self.actions = {
            "a": lambda: world.press(a, False),
            "A": lambda: world.press(a, True),
            "b": lambda: world.press(b, False),
            "B": lambda: world.press(b, True),
            "+": lambda: world.turn_knob(line, lambda: load.step(True)),
            "-": lambda: world.turn_knob(line, lambda: load.step(False)),
            "e": lambda: world.turn_knob(line, load.turn_round),
            "0": lambda: world.turn_knob(line, load.off),
            "l": lambda: world.turn_knob(line, load.as_given),
            "o": world.pull_the_plug,
            "r": world.reset_processor,
            "c": lambda: world.reset_chip(line.chip),
            "q": world.end,
        }
        self.actions["="] = self.actions["+"]  # the same key without shift
        self.actions["_"] = self.actions["-"]

    def idle(self, timeout_s):
        """World.on_idle: show how things are, wait for a key, do what it says."""
        if self.world.ended:
            return
        self.show()
        for key in self.keys.wait(timeout_s):
            action = self.actions.get(key)
            if action is not None:
                action()


@contextlib.contextmanager
def _display(scene, keys, console):
    """A function without arguments that brings the picture up to date, or prints the next line."""
    if not console.is_terminal:
        begun = time.monotonic()
        printed = -1

        def line():
            nonlocal printed
            second = int((time.monotonic() - begun) / _LINE_S)
            if second > printed:
                printed = second
                scene.look()
                console.print(status_line(scene), markup=False, highlight=False, soft_wrap=True)

        yield line
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:

        def draw():
            scene.look()
            live.update(screen(scene, console.width, console.height, keys.present), refresh=True)

        yield draw


@contextlib.contextmanager
def _ended_by_signal(world):
    """The first signal ends the run in good order, a second one at once."""

    def end(number, frame):
        if world.ended:
            raise KeyboardInterrupt
        world.end()

    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = [(number, signal.signal(number, end)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _firmware_version(runtime):
    if runtime == "cpython":
        return "CPython"
    command = [runtimes.micropython(), "-c", "import sys; print('.'.join(map(str, sys.implementation[1][:3])))"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoDevice(f"MicroPython does not start: {one_line(error)}") from None
    return f"MicroPython {done.stdout.strip()}"
