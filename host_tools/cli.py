# SPDX-License-Identifier: MIT
"""The `meter` command. Exit codes: 0 done, 1 the answer is no, 2 wrong use or bad input, 3 no device or connection."""

import json
import sys
from pathlib import Path

import click
import typer
from rich.console import Console

# The firmware's own packages (app, drivers, compose) run in this process too; CPython needs a `micropython` module for them.
_ROOT = Path(__file__).resolve().parent.parent
for _folder in (_ROOT / "firmware", _ROOT / "host_tools" / "shims"):
    if str(_folder) not in sys.path:
        sys.path.append(str(_folder))

from host_tools import boards_cli, durations  # noqa: E402
from host_tools.errors import AnswerIsNo, BadInput, NoDevice  # noqa: E402

app = typer.Typer(
    add_completion=False, no_args_is_help=True, rich_markup_mode=None, help="Ferraris: a smart meter and its bench."
)
boards_cli.register(app)
errors = Console(stderr=True, highlight=False)


@app.command()
def sim(
    input: list[str] = typer.Option([], "--input", help="Recording for element 1 (.csv or .csv.gz)."),
    input2: str = typer.Option(None, "--input2", help="Recording for element 2 (variant e2c2)."),
    load: list[str] = typer.Option([], "--load", help="Load by formula, e.g. 2300W or square:2000W:0.4s."),
    chip: str = typer.Option("ade9153a", help="ade9153a or atm90e26."),
    variant: str = typer.Option("e1c1", help="e1c1 e1c1r e1c2 e1c2r e2c2."),
    lcd: str = typer.Option("pcf85176", help="pcf85176 or ht1621."),
    board: str = typer.Option("virtual", help="Whose cost table to charge."),
    tick: int = typer.Option(1000, help="Longest wait between passes, ms."),
    until: str = typer.Option(None, help="Simulated time: 600s, 6h, 30d. Default: the recording, or 1h."),
    seed: int = typer.Option(1, help="Everything random comes from here."),
    faults: str = typer.Option("", help="spi_flip=1e-4,chip_reset=4,..."),
    uncalibrated: bool = typer.Option(False, "--uncalibrated", help="Skip the calibration."),
    runtime: str = typer.Option("cpython", help="cpython or micropython."),
    state: str = typer.Option(None, help="Directory that keeps the meter's storage between runs."),
    peak_kw: float = typer.Option(None, help="SimBench: peak of the household, kW (3)."),
    pv_kwp: float = typer.Option(None, help="SimBench: rated PV power, kWp (4)."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object on stdout."),
) -> None:
    """Headless meter on the simulated bench, in virtual time, as fast as it goes."""
    from host_tools.bench.job import Job
    from host_tools.sim_cli import run_sim

    options = {k: v for k, v in (("peak_kw", peak_kw), ("pv_kwp", pv_kwp)) if v is not None}
    job = Job(
        chip=chip,
        variant=variant,
        lcd=lcd,
        board=board,
        tick_ms=tick,
        until_s=durations.seconds(until) if until else None,
        seed=seed,
        inputs=[*input, *([input2] if input2 else [])],
        loads=load,
        faults=faults,
        uncalibrated=uncalibrated,
        runtime=runtime,
        state=state,
        recording_options=options,
    )
    result = run_sim(job, errors)
    if as_json:
        print(json.dumps(result))


def main() -> None:
    """Entry point: turns every expected failure into one line on stderr and its exit code."""
    try:
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except (BadInput, NoDevice, AnswerIsNo) as error:
        errors.print(f"meter: {error}", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        errors.print(f"meter: {error.format_message()}", markup=False, soft_wrap=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)


if __name__ == "__main__":
    main()
