# SPDX-License-Identifier: MIT
"""The `meter` command. Exit codes: 0 done, 1 the answer is no, 2 wrong use or bad input, 3 no device or connection."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

# The firmware's own packages (app, drivers, compose) run in this process too; CPython needs a `micropython` module for them.
_ROOT = Path(__file__).resolve().parent.parent
for _folder in (_ROOT / "firmware", _ROOT / "host_tools" / "shims"):
    if str(_folder) not in sys.path:
        sys.path.append(str(_folder))

from host_tools import boards_cli, config_cli, durations  # noqa: E402
from host_tools.errors import AnswerIsNo, BadInput, NoDevice  # noqa: E402

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="Ferraris: a smart meter and its bench.")
errors = Console(stderr=True, highlight=False)

Chip = Annotated[str, typer.Option(help="Energy IC: ade9153a or atm90e26.")]
Variant = Annotated[str, typer.Option(help="Model: e1c1 e1c1r e1c2 e1c2r e2c2.")]
Lcd = Annotated[str, typer.Option(help="LCD driver: pcf85176 or ht1621.")]
Seed = Annotated[int, typer.Option(help="Which unit, with its hidden errors; everything random comes from here.")]
State = Annotated[
    str | None, typer.Option(metavar="DIR", help="Directory that keeps the meter's storage between runs.")
]
Tariff = Annotated[
    str | None, typer.Option(metavar="FILE", help="Tariff, .toml; in force from the first watt-hour. See examples/.")
]
Config = Annotated[str | None, typer.Option(metavar="FILE", help="Settings, .toml; see `meter config defaults`.")]
Uncalibrated = Annotated[bool, typer.Option("--uncalibrated", help="Skip the calibration.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object alone on stdout at the end, the rest on stderr.")]
Load = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SPEC", help="2300W 10A,0.5L -1kW pv:4kW home:7 square:2kW:3s steps:.. open:230V kettle fridge"
    ),
]


@app.command()
def run(
    chip: Chip = "ade9153a",
    variant: Variant = "e1c1",
    lcd: Lcd = "pcf85176",
    runtime: Annotated[str, typer.Option(help="What runs the firmware: micropython or cpython.")] = "micropython",
    load: Load = None,
    speed: Annotated[float, typer.Option(help="Virtual seconds a real one.")] = 1.0,
    duration: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="End after this time of the meter: 10s, 90min, 6h.")
    ] = None,
    state: State = None,
    seed: Seed = 1,
    uncalibrated: Uncalibrated = False,
    tariff: Tariff = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Live virtual meter: the bench, and the firmware in a real MicroPython, until Ctrl-C or q.

    In a terminal: face, pulse LED, relays, registers, events, and keys for buttons, load and faults. Without one: a line
    a second. There is no web face, DLMS or optical port yet.
    """
    from host_tools.run_cli import live_job, run_live

    job = live_job(
        speed,
        duration,
        chip=chip,
        variant=variant,
        lcd=lcd,
        runtime=runtime,
        loads=load or ["2300W"],
        state=state,
        seed=seed,
        uncalibrated=uncalibrated,
        tariff=tariff,
        config=config,
    )
    result = run_live(job, Console(stderr=as_json, highlight=False))
    if as_json:
        print(json.dumps(result))


@app.command()
def sim(
    input: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Recording, .csv or .csv.gz; see data/.")
    ] = None,
    input2: Annotated[str | None, typer.Option(metavar="FILE", help="Recording for element 2 (variant e2c2).")] = None,
    load: Load = None,
    chip: Chip = "ade9153a",
    variant: Variant = "e1c1",
    lcd: Lcd = "pcf85176",
    board: Annotated[
        str, typer.Option(metavar="COSTS", help="Whose cost table to charge: virtual or a board.")
    ] = "virtual",
    storage: Annotated[str, typer.Option(help="fram, or partition: an ESP32 without one.")] = "fram",
    tick: Annotated[int, typer.Option(metavar="MS", help="Longest wait between passes, 1 to 3600000.")] = 1000,
    until: Annotated[
        str | None, typer.Option(metavar="DURATION", help="600s, 6h, 30d. Default: the recording's length, or 1h.")
    ] = None,
    seed: Seed = 1,
    faults: Annotated[
        str,
        typer.Option(metavar="SPEC", help="A bit or a run: spi_flip=1e-4,chip_reset=4,mcu_reset=4,hang=1,outage=2,.."),
    ] = "",
    uncalibrated: Uncalibrated = False,
    tariff: Tariff = None,
    config: Config = None,
    runtime: Annotated[str, typer.Option(help="What runs the firmware: cpython or micropython.")] = "cpython",
    state: State = None,
    simbench_load: Annotated[str | None, typer.Option(help="SimBench file: h0a h0c h0l heatpump ev37. [h0a]")] = None,
    peak_kw: Annotated[str | None, typer.Option(metavar="KW", help="SimBench file: peak of the load. [3]")] = None,
    simbench_pv: Annotated[str | None, typer.Option(help="SimBench file: pv3, pv8 or none. [pv3]")] = None,
    pv_kwp: Annotated[str | None, typer.Option(metavar="KWP", help="SimBench file: rated PV power. [4]")] = None,
    q_factor: Annotated[
        str | None, typer.Option(metavar="N", help="SimBench file: scale of reactive power. [0.395]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Headless meter on the simulated bench, in virtual time, as fast as it goes."""
    from host_tools.bench.job import Job
    from host_tools.sim_cli import run_sim

    inputs = list(input or [])
    if len(inputs) > 1:
        raise BadInput("more than one --input for element 1: the second element's is --input2")
    if input2 is not None and not inputs:
        raise BadInput("--input2 without --input: element 1 has no recording")
    given = {"load": simbench_load, "peak_kw": peak_kw, "pv": simbench_pv, "pv_kwp": pv_kwp, "q_factor": q_factor}
    options: dict[str, str | None] = {name: value for name, value in given.items() if value is not None}
    if options and not inputs:
        raise BadInput("SimBench options without a SimBench file: give --input")
    if options.get("pv") == "none":
        options["pv"] = None
    job = Job(
        chip=chip,
        variant=variant,
        lcd=lcd,
        board=board,
        storage=storage,
        tick_ms=tick,
        until_s=durations.seconds(until) if until is not None else None,
        seed=seed,
        inputs=[*inputs, *([input2] if input2 is not None else [])],
        loads=load or [],
        faults=faults,
        uncalibrated=uncalibrated,
        tariff=tariff,
        config=config,
        runtime=runtime,
        state=state,
        recording_options=options,
    )
    result = run_sim(job, errors)
    if as_json:
        print(json.dumps(result))


boards_cli.register(app)
config_cli.register(app)


def _complain(text):
    """One line on stderr, whatever a file name or a message holds."""
    line = " ".join(str(text).split()).encode("utf-8", "backslashreplace").decode()
    errors.print(f"meter: {line}", markup=False, soft_wrap=True)


# Which package the base of Typer's usage errors comes from (click, or a copy inside Typer) depends on Typer's version.
_UsageError: type[typer.BadParameter] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


def main() -> None:
    """Entry point: turns every expected failure into one line on stderr and its exit code."""
    if len(sys.argv) == 1:
        sys.argv.append("--help")
    try:
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except (BadInput, NoDevice, AnswerIsNo) as error:
        _complain(error)
        sys.exit(error.exit_code)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except _UsageError as error:
        _complain(error.format_message())
        sys.exit(2)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:  # `meter ... | head`: nobody reads any more
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
