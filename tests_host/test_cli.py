# SPDX-License-Identifier: MIT
"""`meter run` and `meter sim` as processes, and their parsers on whatever one can type. What they refuse is proven in
proofs/bad_input.py, at full counts by `make prove`."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools import durations, run_glass
from host_tools.bench import faults, glass, load_spec
from host_tools.bench.live import STEPS_W, LiveLoad
from host_tools.bench.loads import hold, open_circuit, point_of_power
from host_tools.bench.point import OperatingPoint
from host_tools.bench.recordings import RecordingError, open_recording
from host_tools.errors import BadInput
from tests_host.cli_runs import ROOT, meter

METER = [sys.executable, "-m", "host_tools.cli"]
KEYS = {  # design.md section 7: at least these
    "seed commit chip variant runtime tick_ms simulated_s wall_s ticks truth truth_cycle registers error_percent "
    "unmeasured_wh declared_lost_wh pulses outages faults events longest_gap_ms"
}


def children(pid):
    """Pids of the processes that `pid` started, from /proc."""
    with open(f"/proc/{pid}/task/{pid}/children") as stream:
        return [int(word) for word in stream.read().split()]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# -- meter sim ------------------------------------------------------------------------------------------------------------


def test_sim_json_is_alone_on_stdout_and_has_every_key():
    ran = meter("sim", "--until", "60s", "--load", "2300W", "--json")
    assert ran.code == 0, ran.err
    result = json.loads(ran.out)
    assert not set(" ".join(KEYS).split()) - result.keys()
    assert len(result["truth"]) == 6 and result["truth"].keys() == result["registers"].keys()
    assert result["truth"]["active_import_wh"] == pytest.approx(2300 / 60)
    assert "active import" in ran.err


def test_sim_replays_to_the_bit():
    lines = []
    for _ in range(2):
        result = json.loads(meter("sim", "--until", "120s", "--load", "home:3", "--seed", "5", "--json").out)
        del result["wall_s"]
        lines.append(json.dumps(result))
    assert lines[0] == lines[1]


def test_sim_carries_its_state_on(tmp_path):
    arguments = ("sim", "--until", "600s", "--load", "3kW", "--json", "--state", tmp_path / "meter")
    first, second = (json.loads(meter(*arguments).out) for _ in range(2))
    assert "registers_before" not in first
    assert second["registers_before"][0][0] == first["registers"]["active_import_wh"]
    # 3 kW for 600 s are 500 Wh; the start of the chip costs some two seconds of it.
    assert second["registers"]["active_import_wh"] - first["registers"]["active_import_wh"] == pytest.approx(500, abs=4)
    assert second["error_percent"]["active_import_wh"] == pytest.approx(0, abs=1)
    # The clock went on where it stood: no event is older than the one before.
    stamps = [utc for utc, _ in second["events"]]
    assert stamps == sorted(stamps) and len(stamps) > len(first["events"])


def test_sim_without_state_ends_where_it_began(tmp_path):
    assert meter("sim", "--until", "10s", "--state", tmp_path / "a" / "b").code == 0
    assert sorted(p.suffix for p in (tmp_path / "a" / "b").iterdir()) == [".bin", ".bin", ".json"]


# -- meter run ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("runtime", ["micropython", "cpython"])
def test_run_prints_lines_where_there_is_no_terminal(runtime):
    ran = meter("run", "--for", "20s", "--speed", "10", "--runtime", runtime, "--load", "10kW")
    assert ran.code == 0 and ran.err == ""
    lines = ran.out.splitlines()
    assert 2 <= len(lines) <= 6, ran.out
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ running: import 4\d Wh, export 0 Wh, 4\d pulses, .*", lines[-1]
    )


def test_run_json_is_alone_on_stdout():
    ran = meter(
        "run", "--for", "10s", "--speed", "20", "--json", "--variant", "e2c2", "--load", "1kW", "--load", "-2kW"
    )
    assert ran.code == 0, ran.err
    result = json.loads(ran.out)
    assert result["runtime"] == "micropython" and result["element2"]["registers"]["active_export_wh"] >= 3
    assert "running" in ran.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_ended_by_a_signal_keeps_its_state_and_leaves_nothing_behind(tmp_path, number):
    command = [*METER, "run", "--load", "20kW", "--speed", "5", "--state", str(tmp_path / "s"), "--json"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    told = ""
    while "import 1" not in told:  # 20 kW at five times the speed: 10 Wh after some four seconds
        told = process.stderr.readline()
        assert told, process.communicate()
    firmware = children(process.pid)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert firmware and not any(alive(pid) for pid in firmware)
    registers = json.loads(out)["registers"]
    after = json.loads(
        meter("run", "--for", "2s", "--speed", "20", "--load", "0W", "--state", tmp_path / "s", "--json").out
    )
    # The power-fail warning let it save everything: not one Wh is missing in the next life.
    assert after["registers_before"][0][0] == registers["active_import_wh"] >= 10


class Terminal:
    """`meter run ARGUMENTS` on a terminal of its own, 100 x 40, and somebody who reads and types."""

    def __init__(self, *arguments):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.environ.update(TERM="xterm-256color", COLUMNS="100", LINES="40")
            os.execv(METER[0], [*METER, "run", *arguments])
        self.seen = ""

    def read_until(self, pattern, timeout_s=20):
        """Reads on until `pattern` (re) is in what came since the last call; returns the match."""
        deadline = time.monotonic() + timeout_s
        fresh = ""
        while time.monotonic() < deadline:
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    data = os.read(self.fd, 65536).decode(errors="replace")
                except OSError:  # the other end is closed
                    break
                self.seen += data
                fresh += data
            found = re.search(pattern, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", fresh))
            if found:
                return found
        raise AssertionError(f"{pattern!r} did not come; the end of what did: {fresh[-3000:]!r}")

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        """Exit code."""
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:
            pass
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return code


@pytest.mark.slow
def test_run_in_a_terminal_obeys_its_keys():
    terminal = Terminal("--speed", "3", "--load", "1kW")
    try:
        terminal.read_until(r"active import +0\.002")  # chip and panel have started
        terminal.read_until(r"IMP ▶")
        terminal.type("+")
        terminal.read_until(r"1,500 W import.*by hand")
        terminal.type("e")
        terminal.read_until(r"-1,500 W export")
        terminal.read_until(r"◀ EXP")
        terminal.type("0")
        terminal.read_until(r" 0 W ")
        terminal.type("l")
        terminal.read_until(r"1,000 W import")
        terminal.type("c")
        terminal.read_until(r"measurement fault")
        terminal.type("o")
        terminal.read_until(r"no supply")
        terminal.read_until(r"running, 2 starts")
        terminal.read_until(r"outage restored")
        terminal.type("r")
        terminal.read_until(r"running, 3 starts")
        terminal.type("q")
        assert terminal.end() == 0
    finally:
        if alive(terminal.pid):
            os.kill(terminal.pid, signal.SIGKILL)


def test_control_c_in_a_terminal_is_a_clean_end():
    terminal = Terminal("--speed", "3")
    try:
        terminal.read_until(r"running, 1 start")
        terminal.type("\x03")
        assert terminal.end() == 0
    finally:
        if alive(terminal.pid):
            os.kill(terminal.pid, signal.SIGKILL)


# -- knob and face --------------------------------------------------------------------------------------------------------


def test_the_knob_goes_up_and_down_and_round():
    load = LiveLoad(hold(point_of_power(1_000_000, 500)), open_circuit(231_000))
    load.step(True)
    assert load.present()[1].active_mw == 1_500_000 and load.present()[1].voltage_mv == 231_000
    # Power factor 0.5 is kept: tan(60 deg) = 1.7320508.
    assert load.present()[1].reactive_mvar == pytest.approx(1_500_000 * 1.7320508, abs=2)
    load.turn_round()
    assert (load.present()[1].active_mw, load.present()[1].reactive_mvar > 0) == (-1_500_000, False)
    load.step(False)
    assert load.present()[1].active_mw == -1_000_000
    for _ in STEPS_W:
        load.step(False)
    assert load.present()[1].active_mw == 0
    for _ in range(2 * len(STEPS_W)):
        load.step(True)
    assert load.present()[1].active_mw == 23_000_000
    load.as_given()
    assert load.present()[1].active_mw == 1_000_000


def test_a_load_that_names_its_mains_keeps_them():
    load = LiveLoad(hold(point_of_power(1_000_000, voltage_mv=207_000)), open_circuit(231_000))
    assert load.present()[1].voltage_mv == 207_000


def test_the_load_goes_on_behind_the_knob():
    points = [OperatingPoint(230_000, n * 1000) for n in (1, 2, 3)]
    load = LiveLoad(iter([(10, points[0]), (10, points[1]), (10, points[2])]), open_circuit())
    load.off()
    load.pass_us(25)
    load.as_given()
    assert load.present()[1].active_mw == 3000


def test_every_element_of_the_glass_has_a_place_of_its_own_in_the_terminal():
    blank = run_glass.lines(frozenset())
    for element, name in glass.ELEMENTS.items():
        assert run_glass.lines({element}) != blank, name
    everything = run_glass.lines(glass.ELEMENTS)
    assert {len(line) for line in everything} == {run_glass.WIDTH} and len(everything) == run_glass.HEIGHT
    for word in ("IMP ▶", "◀ EXP", "kWh", "varh", "Hz", "PF", "TAMPER", "PREPAY"):
        assert any(word in line for line in everything), word


def test_digits_in_the_terminal():
    # Seven segments of the first digit, from the names of the glass: "2" is a b g e d.
    lit = {e for e, name in glass.ELEMENTS.items() if name in {f"digit1.{s}" for s in "abged"}}
    assert [line[2:6] for line in run_glass.lines(lit)[2:7]] == ["╺━━┓", "   ┃", "┏━━┛", "┃   ", "┗━━╸"]


# -- parsers: whatever is typed -------------------------------------------------------------------------------------------

WORDS = st.text(max_size=30) | st.text(alphabet="0123456789.,:-+=kmuWAVHzsminhdLCopenstepquarfctv_", max_size=40)


@given(WORDS)
@settings(max_examples=300, deadline=None)
def test_a_load_spec_is_a_load_or_one_line(text):
    try:
        duration, point = next(load_spec.parse(text))
    except load_spec.LoadSpecError as error:
        assert len(str(error).splitlines()) == 1 or "\n" in text or len(text.splitlines()) > 1
    else:
        assert duration > 0 and point.voltage_mv >= 0


@given(WORDS)
@settings(max_examples=300, deadline=None)
def test_a_fault_list_is_a_dict_or_one_line(text):
    try:
        found = faults.parse(text)
    except faults.FaultError:
        return
    assert all(0 <= value <= faults.COUNT_LIMIT for value in found.values())
    assert set(found) <= set(faults.RATES + faults.COUNTS)


@given(WORDS | st.from_regex(r"[0-9]{1,12}(s|min|h|d)", fullmatch=True))
@settings(max_examples=300, deadline=None)
def test_a_duration_is_positive_or_refused(text):
    try:
        assert durations.seconds(text) > 0
    except BadInput:
        pass


HEADERS = (
    b"utc,p_w,q_var,v_mv",
    b"P_W,Q_var,V_cV,I_dA",
    b"start,E_Wmin,R_varmin,Vavg_cV,Vmin_cV,Vmax_cV,Imax_dA,filled_min",
)
ROW = st.text(alphabet="0123456789-+.,:TZ _e", max_size=60).map(str.encode) | st.binary(max_size=40)


@given(st.sampled_from(HEADERS), st.lists(ROW, max_size=6), st.sampled_from([b"\n", b"\r\n", b"\r"]))
@settings(max_examples=300, deadline=None)
def test_a_file_is_metered_or_refused_with_name_and_line(tmp_path_factory, header, rows, end):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(end.join([header, *rows, b""]))
    try:
        for duration, point in open_recording(path).segments():
            assert duration > 0 and point.voltage_mv >= 0
    except RecordingError as error:
        assert str(error).startswith("any.csv")


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_refused(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "bytes.csv"
    path.write_bytes(raw)
    with pytest.raises(RecordingError, match=r"bytes\.csv"):
        list(open_recording(path).segments())
