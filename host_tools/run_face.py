# SPDX-License-Identifier: MIT
"""The picture that `meter run` shows: the face as the LCD's RAM has it, what hangs on the meter, and what it has stored.

Everything here only looks; `Scene` gathers what the eye needs, `screen` arranges it for the size of the terminal.
"""

import time
from collections import deque
from datetime import datetime, timedelta

from app.config import Config
from rich import box
from rich.align import Align
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from host_tools import run_glass
from host_tools.bench.job import pulses
from host_tools.bench.stored import Stored, event_extra, event_name
from host_tools.bench.world import SECOND_US

_GLASS = {False: "#1b231c on #b9c4a6", True: "bold #16200f on #cfe88f"}
_DARK = "#8b9480 on #2c302a"
_REGISTERS = (
    ("active import", "kWh"),
    ("active export", "kWh"),
    ("reactive import", "kvarh"),
    ("reactive export", "kvarh"),
    ("apparent import", "kVAh"),
    ("apparent export", "kVAh"),
)
_RELAYS = ("K1 100 A", "K2 100 A", "K3   2 A")
_KEYS = (
    ("a b", "button"),
    ("A B", "long"),
    ("+ -", "load"),
    ("0", "off"),
    ("e", "export"),
    ("l", "back"),
    ("o", "outage"),
    ("r", "reset"),
    ("c", "chip reset"),
    ("q", "quit"),
)
METER_CONSTANT = Config().meter_constant_imp_per_kwh
_LED_S = 0.12
_FULL_SCALE_A = 100
_WIDTH = 98


class Scene:
    """sim: Simulation on a LiveWorld. title: what runs. `look()` brings it up to date."""

    def __init__(self, sim, title):
        self.sim = sim
        self.world = sim.world
        self.bench = sim.bench
        self.title = title
        self.elements = len(self.world.lines)
        self.stored = Stored(self.bench.fram.storage.data, self.elements)
        self.speed = 0.0
        self.pulses = 0
        self.led = False
        self._lit_until_s = 0.0
        self._track = deque(maxlen=30)

    def look(self):
        now = time.monotonic()
        counted = pulses(self.world.lines[0].chip)["active"]
        if counted != self.pulses:
            self.pulses = counted
            self._lit_until_s = now + _LED_S
        self.led = self.world.supply_on and now < self._lit_until_s
        self._track.append((now, self.world.clock.now_us))
        real_s = now - self._track[0][0]
        if real_s > 0:
            self.speed = (self._track[-1][1] - self._track[0][1]) / SECOND_US / real_s

    @property
    def utc(self):
        return self.bench.rtc.utc()

    @property
    def state(self):
        """What the meter is doing, in a word or two."""
        if not self.world.supply_on:
            return "no supply"
        return "running" if self.world.running else "starting"


# -- blocks ---------------------------------------------------------------------------------------------------------------


def _face(scene):
    """The LCD: 66 x 13 characters."""
    if not scene.world.supply_on:
        style = _DARK
    else:
        style = _GLASS[bool(scene.bench.backlight.value())]
    rows = ["", *run_glass.lines(scene.bench.lcd.segments()), ""]
    return Text("\n".join(f" {row:<{run_glass.WIDTH}} " for row in rows), style=style, no_wrap=True)


def _relay_line(name, relay):
    if relay is None:
        return Text(f"{name}  not fitted", style="dim")
    closed = relay.closed
    text = Text(f"{name}  ")
    text.append("o──o closed" if closed else "o  o open", style="green" if closed else "yellow")
    return text


def _side(scene):
    """What is beside the glass: pulse LED, keys, relays."""
    led = Text("● ", style="bold #ff3030" if scene.led else "#5a2020")
    led.append(f"{METER_CONSTANT} imp/kWh", style="default")
    keys = Text()
    for name, button in zip("AB", scene.bench.buttons, strict=True):
        keys.append(f" {name} ", style="reverse bold" if button.contact.closed else "bold on #404040")
        keys.append("  ")
    return Group(Text(), led, Text(f"  {scene.pulses} pulses", style="dim"), Text(), keys, Text(), *_relays(scene))


def _relays(scene):
    return [_relay_line(name, relay) for name, relay in zip(_RELAYS, scene.bench.relays, strict=True)]


def _registers(scene):
    found = Table(box=None, padding=(0, 1), expand=True, header_style="dim")
    found.add_column("stored registers", no_wrap=True)
    for n in range(scene.elements):
        found.add_column(f"element {n + 1}" if scene.elements > 1 else "", justify="right")
    found.add_column("")
    values = scene.stored.registers_wh()
    for k, (name, unit) in enumerate(_REGISTERS):
        cells = [f"{element[k] // 1000:,}.{element[k] % 1000:03d}".replace(",", " ") for element in values]
        found.add_row(name, *cells, unit, style="bold" if any(element[k] for element in values) else "dim")
    return found


def _bar(share, width=20):
    full = round(min(max(share, 0), 1) * width)
    return "█" * full + "·" * (width - full)


def _mains(scene):
    found = Table.grid(padding=(0, 1), expand=True)
    found.add_column(style="dim")
    found.add_column()
    for n, line in enumerate(scene.world.lines):
        point = line.point
        name = f" {n + 1}" if scene.elements > 1 else ""
        if not scene.world.supply_on:
            found.add_row(f"mains{name}", Text("outage", style="bold red"))
            continue
        found.add_row(f"mains{name}", f"{point.voltage_mv / 1000:.1f} V  {point.frequency_mhz / 1000:.3f} Hz")
        way = "export" if point.active_mw < 0 else "import" if point.active_mw else ""
        knob = "" if line.load.manual is None else "  by hand"
        found.add_row(
            f"load{name}", f"{point.active_mw / 1000:,.0f} W {way}  {point.reactive_mvar / 1000:,.0f} var{knob}"
        )
        amperes = point.current_ua / 1e6
        colour = "green" if point.active_mw < 0 else "yellow"
        found.add_row("", Text(f"{_bar(amperes / _FULL_SCALE_A)} {amperes:.2f} A", style=colour))
    found.add_row("clock", f"{scene.utc:%Y-%m-%d %H:%M:%S} UTC")
    up = timedelta(seconds=scene.world.clock.now_us // SECOND_US)
    found.add_row("time", f"{up} at {scene.speed:.1f} x, {scene.sim.passes} passes")
    boots = f"{scene.sim.boots} start{'s' if scene.sim.boots != 1 else ''}"
    found.add_row("meter", Text(f"{scene.state}, {boots}", style="" if scene.world.running else "bold yellow"))
    return found


def _events(scene, rows):
    found = Table.grid(padding=(0, 2))
    events = scene.stored.events()
    for day, second, code, extra in events[-rows:]:
        stamp = datetime(2000, 1, 1) + timedelta(days=day, seconds=second)
        found.add_row(
            Text(f"{stamp:%Y-%m-%d %H:%M:%S}", style="dim"),
            Text(f"{code:04X}", style="cyan"),
            event_name(code),
            Text(event_extra(code, extra), style="dim"),
        )
    if not events:
        found.add_row(Text("none yet", style="dim"))
    return Panel(found, title="event log", title_align="left", box=box.ROUNDED, height=rows + 2, border_style="dim")


def _keys():
    text = Text(justify="center")
    for key, what in _KEYS:
        text.append(f" {key} ", style="bold")
        text.append(what + " ", style="dim")
    return text


def screen(scene, width, height, keyboard):
    """A renderable for a terminal of this size; from 98 x 28 on with everything, below that the face comes first."""
    wide = width >= _WIDTH
    face = _face(scene)
    if wide:
        case = Table.grid(padding=(0, 1))
        case.add_row(face, _side(scene))
    else:
        case = face
    blocks: list[RenderableType] = [
        Panel(
            Align.center(case),
            title=scene.title if wide else "Ferraris",
            box=box.HEAVY,
            border_style="#8a8f98",
            padding=(1 if height >= 34 else 0, 1),
        )
    ]
    used = 15 + (2 if height >= 34 else 0)
    if wide and height >= used + 10:
        both = Table.grid(expand=True)
        both.add_column(ratio=1)
        both.add_column(ratio=1)
        rows = 2 + max(1 + len(_REGISTERS), 3 + 3 * scene.elements)
        both.add_row(
            Panel(_registers(scene), box=box.ROUNDED, border_style="dim", height=rows),
            Panel(_mains(scene), box=box.ROUNDED, border_style="dim", height=rows),
        )
        blocks.append(both)
        used += rows
    else:
        blocks.append(Text(status_line(scene), overflow="ellipsis", no_wrap=True))
        used += 1
    rows = min(10, height - used - 2 - ((1 if wide else 2) if keyboard else 0))
    if rows >= 1:
        blocks.append(_events(scene, rows))
    if keyboard:
        blocks.append(_keys())
    group = Group(*blocks)
    return Align.center(group, width=min(width, _WIDTH + 2)) if wide else group


def status_line(scene):
    """Everything in one line, for logs and pipes."""
    point = scene.world.lines[0].point
    first = scene.stored.registers_wh()[0]
    relays = "".join(
        f" K{k + 1} {'closed' if relay.closed else 'open'}"
        for k, relay in enumerate(scene.bench.relays)
        if relay is not None
    )
    mains = (
        f"{point.voltage_mv / 1000:.1f} V {point.frequency_mhz / 1000:.3f} Hz {point.active_mw / 1000:.0f} W"
        if scene.world.supply_on
        else "outage"
    )
    return (
        f"{scene.utc:%Y-%m-%dT%H:%M:%SZ} {scene.state}: import {first[0]} Wh, export {first[1]} Wh, "
        f"{scene.pulses} pulses,{relays}, {mains}, {len(scene.stored.events())} events"
    )
