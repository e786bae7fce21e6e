# SPDX-License-Identifier: MIT
"""`meter sim`: runs a job with a progress bar and shows its report."""

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from host_tools.bench.chips.energy import REGISTER_KEYS
from host_tools.bench.job import report
from host_tools.bench.link import LinkError
from host_tools.bench.runtimes import MissingRuntime
from host_tools.bench.world import SECOND_US
from host_tools.errors import NoDevice, one_line


def run_sim(job, console):
    """Run to the end. returns: the report (dict). Progress and the table go to `console` (stderr)."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[at]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("simulating", total=job.until_s, at="")

        def on_progress(now_us):
            seconds = now_us // SECOND_US
            progress.update(task, completed=seconds, at=f"{seconds / 86400:.2f} d")

        try:
            sim = job.simulation(on_progress=on_progress).run()
        except (LinkError, MissingRuntime) as error:
            raise NoDevice(f"MicroPython: {one_line(error)}") from None
    if job.state is not None:
        job.state.save(sim.bench, job)
    result = report(job, sim)
    console.print(table(result))
    return result


def table(result):
    """The registers beside the truth."""
    found = Table(
        title=f"{result['chip']} {result['variant']} seed {result['seed']}, {result['simulated_s']:.0f} s simulated"
    )
    found.add_column("register", no_wrap=True)
    for name in ("truth", "register", "error %", "unmeasured", "declared lost"):
        found.add_column(name, justify="right")
    for key in REGISTER_KEYS:
        error = result["error_percent"][key]
        found.add_row(
            key.rpartition("_")[0].replace("_", " "),
            f"{result['truth'][key]:.3f}",
            str(result["registers"][key]),
            "" if error is None else f"{error:+.4f}",
            f"{result['unmeasured_wh'][key]:.3f}",
            f"{result['declared_lost_wh'][key]:.3f}",
        )
    return found
