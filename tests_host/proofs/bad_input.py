# SPDX-License-Identifier: MIT
"""Bad input: exit 2 or 3, one clear line on stderr, nothing on stdout, and the state directory untouched.

Every case is the command as a person would type it, in a process of its own. "Clear" is held to what can be held: the line
names the thing that was wrong.
"""

import gzip
import json
import random
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from host_tools.bench.state_dir import VERSION
from tests_host.cli_runs import meter, picture

GENERIC = "utc,p_w,q_var,v_mv\n"
GOOD = GENERIC + "2026-01-01T00:00:00Z,1000,0,230000\n2026-01-01T00:01:00Z,-500,0,230000\n"
HALF_HOURS = "start,E_Wmin,R_varmin,Vavg_cV,Vmin_cV,Vmax_cV,Imax_dA,filled_min\n"
SIMBENCH = "local_time,h0a_p,h0a_q,h0c_p,h0c_q,h0l_p,h0l_q,heatpump_p,ev37_p,pv3,pv8\n"
FRENCH = "P_W,Q_var,V_cV,I_dA\n"
SHORT = ("--until", "10s")


def check(ran, codes, word, out=""):
    """The contract of a refusal; the assertion shows the command."""
    told = f"meter {' '.join(map(repr, ran.arguments))}: exit {ran.code}, stderr {ran.err!r}, stdout {ran.out!r}"
    assert ran.code in codes, told
    assert len(ran.lines) == 1, told
    assert word.lower() in ran.err.lower(), f"{told}; {word!r} is not named"
    assert ran.out == out, told
    assert "Traceback" not in ran.err, told


def option_cases():
    """(arguments, word that the line must hold)"""
    cases = [
        (("sim", "--chip", "ade7953"), "ade7953"),
        (("sim", "--chip", ""), "chip"),
        (("run", "--chip", "ade7953"), "ade7953"),
        (("sim", "--variant", "e3c1"), "e3c1"),
        (("run", "--variant", "E1C1"), "E1C1"),
        (("sim", "--runtime", "pypy"), "pypy"),
        (("run", "--runtime", "wasm"), "wasm"),
        (("sim", "--lcd", "oled"), "oled"),
        (("sim", "--board", "nucleo"), "nucleo"),
        (("sim", "--board", "esp32_devkitc", "--variant", "e2c2"), "e2c2"),
        (("deploy", "nucleo"), "nucleo"),
        (("deploy", "esp32_devkitc", "--variant", "e2c2", "--port", "PORT", "--dry-run"), "e2c2"),
        (("sim", "--tick", "-1"), "-1"),
        (("sim", "--tick", "0"), "tick 0"),
        (("sim", "--tick", "3600001"), "3600001"),
        (("sim", "--tick", "1s"), "--tick"),
        (("sim", "--seed", "one"), "--seed"),
        (("sim", "--faults", "spi_flip=2"), "spi_flip=2"),
        (("sim", "--faults", "spi_flip=nan"), "spi_flip=nan"),
        (("sim", "--faults", "spi_flip=-1e-4"), "spi_flip=-1e-4"),
        (("sim", "--faults", "spi_flip"), "spi_flip"),
        (("sim", "--faults", "chip_reset=1.5"), "chip_reset=1.5"),
        (("sim", "--faults", "chip_reset=-1"), "chip_reset=-1"),
        (("sim", "--faults", "chip_reset=1e9"), "chip_reset"),
        (("sim", "--faults", "chip_reset=1000000000"), "chip_reset"),
        (("sim", "--faults", "earthquake=1"), "earthquake"),
        (("sim", "--faults", "outage=1,outage=2"), "twice"),
        (("sim", "--faults", "outage=1", "--until", "60s"), "60 s"),
        (("sim", "--load", "2300"), "2300"),
        (("sim", "--load", "lots"), "lots"),
        (("sim", "--load", "2300W,0.5"), "0.5"),
        (("sim", "--load", "2300W,-230V"), "-230V"),
        (("sim", "--load", "square:2kW:0s"), "0s"),
        (("sim", "--load", "steps:1kW"), "steps"),
        (("sim", "--load", "nuclear:1kW"), "nuclear"),
        (("sim", "--load", "1e99W"), "1e99W"),
        (("sim", "--load", "9" * 5000 + "W"), "W"),
        (("run", "--load", "lots"), "lots"),
        (("sim", "--load", "1kW", "--load", "1kW"), "element"),
        (("run", "--speed", "0"), "speed 0"),
        (("run", "--speed", "-1"), "speed -1"),
        (("run", "--speed", "nan"), "nan"),
        (("run", "--speed", "inf"), "inf"),
        (("run", "--web-port", "8080"), "--web-port"),
        (("sim", "--peak-kw", "3", *SHORT), "--input"),
        (("sim", "stray"), "stray"),
        (("sim", "--nonsense"), "--nonsense"),
        (("dream",), "dream"),
    ]
    for text in ("10", "0s", "-5s", "1.5h", "1w", "", " ", "6 h", "s", "9" * 30 + "d", "9999999d", "\u0661s"):
        word = "100 years" if text == "9999999d" else "duration"
        cases += [(("sim", "--until", text), word), (("run", "--for", text), word)]
    return cases


def csv_cases():
    """(name, bytes, word): files that cannot be metered"""
    row = "2026-01-01T00:00:00Z,1000,0,230000\n"
    later = "2026-01-01T00:01:00Z,1000,0,230000\n"
    packed = gzip.compress(GOOD.encode())
    texts = {
        "empty": "",
        "blank": "\n",
        "header_only": GENERIC,
        "unknown_header": "time,watts\n1,2\n",
        "header_case": GOOD.replace("utc", "UTC", 1),
        "semicolons": GOOD.replace(",", ";"),
        "one_row": GENERIC + row,
        "same_time": GENERIC + row + row,
        "backwards": GENERIC + later + row,
        "no_stamp": GENERIC + row + "soon,1000,0,230000\n",
        "bad_date": GENERIC + "2026-02-30T00:00:00Z,1,0,230000\n" + later,
        "before_2000": GENERIC + "1999-12-31T00:00:00Z,1,0,230000\n" + later,
        "few_columns": GENERIC + row + "2026-01-01T00:01:00Z,1000,0\n",
        "many_columns": GENERIC + row + "2026-01-01T00:01:00Z,1000,0,230000,1\n",
        "blank_row": GENERIC + row + "\n" + later,
        "not_a_number": GENERIC + row + "2026-01-01T00:01:00Z,lots,0,230000\n",
        "nan": GENERIC + row + "2026-01-01T00:01:00Z,nan,0,230000\n",
        "infinite": GENERIC + row + "2026-01-01T00:01:00Z,inf,0,230000\n",
        "exponent": GENERIC + row + "2026-01-01T00:01:00Z,1e3,0,230000\n",
        "empty_cell": GENERIC + row + "2026-01-01T00:01:00Z,,0,230000\n",
        "too_fine": GENERIC + row + "2026-01-01T00:01:00Z,1.00001,0,230000\n",
        "negative_volts": GENERIC + row + "2026-01-01T00:01:00Z,1000,0,-230000\n",
        "volts_of_a_line": GENERIC + row + "2026-01-01T00:01:00Z,1000,0,110000000\n",
        "a_power_station": GENERIC + row + "2026-01-01T00:01:00Z,1000000000,0,230000\n",
        "power_in_the_dark": GENERIC + row + "2026-01-01T00:01:00Z,1000,0,0\n",
        "endless_number": GENERIC + row + "2026-01-01T00:01:00Z," + "9" * 6000 + ",0,230000\n",
        "thousands": FRENCH + "1_000,0,23000,40\n",
        "french_text": FRENCH + "1000,0,23000,40\n1000,x,23000,40\n",
        "french_short": FRENCH + "1000,0,23000\n",
        "half_hour_gap": HALF_HOURS
        + "2006-12-16T17:30,1,1,23000,23000,23000,1,0\n2006-12-16T18:30,1,1,23000,23000,23000,1,0\n",
        "half_hour_text": HALF_HOURS + "2006-12-16T17:30,1,1,23000,23000,23000,1,zero\n",
        "simbench_columns": SIMBENCH + "2016-01-01T00:00,0.1\n",
        "simbench_gap": SIMBENCH + "".join(f"2016-01-01T{t},{','.join(['0.1'] * 10)}\n" for t in ("00:00", "00:30")),
        "simbench_no_such_hour": SIMBENCH + f"2016-03-27T02:15,{','.join(['0.1'] * 10)}\n",
    }
    cases = [(name, text.encode(), name) for name, text in texts.items()]
    cases += [
        ("not_text", GENERIC.encode() + b"\xff\xfe\x00\x01,1,1,1\n", "not_text"),
        ("binary", random.Random(1).randbytes(4000), "binary"),
        ("zeros", bytes(4000), "zeros"),
        ("gz_truncated", packed[:-6], "gz_truncated"),
        ("gz_flipped", packed[:20] + bytes([packed[20] ^ 0x10]) + packed[21:], "gz_flipped"),
        ("gz_rubbish", b"\x1f\x8b" + bytes(40), "gz_rubbish"),
        ("gz_of_nothing", gzip.compress(b""), "gz_of_nothing"),
        ("utf16", GOOD.encode("utf-16"), "utf16"),
        ("two\nlines", GENERIC.encode(), "lines"),  # a file name must not make two lines out of one
    ]
    return cases


def state_cases(good):
    """(name, function that spoils a copy of the good state directory, exit codes, word)"""
    part = next(good.glob("fram-*.bin")).name

    def header(change):
        def spoil(folder):
            fields = json.loads((folder / "state.json").read_text())
            change(fields)
            (folder / "state.json").write_text(json.dumps(fields))

        return spoil

    def flipped(name, at):
        def spoil(folder):
            raw = bytearray((folder / name).read_bytes())
            raw[at] ^= 0x04
            (folder / name).write_bytes(raw)

        return spoil

    def written(name, raw):
        return lambda folder: (folder / name).write_bytes(raw)

    def instead(raw):
        def spoil(folder):
            shutil.rmtree(folder)
            folder.write_bytes(raw)

        return spoil

    def only_foreign(folder):
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "holiday.jpg").write_bytes(b"\xff\xd8")

    def longer(folder):
        with open(folder / part, "ab") as stream:
            stream.write(b"\0")

    def cut(name, to):
        return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:to])

    return [
        ("truncated", cut(part, 20_000), "damaged"),
        ("empty part", cut(part, 0), "damaged"),
        ("longer", longer, "damaged"),
        ("flipped first", flipped(part, 0), "damaged"),
        ("flipped register", flipped(part, 0x120), "damaged"),
        ("flipped last", flipped(part, -1), "damaged"),
        ("part missing", lambda folder: (folder / part).unlink(), "read"),
        ("index missing", lambda folder: (folder / "state.json").unlink(), "state.json"),
        ("index empty", written("state.json", b""), "read"),
        ("index truncated", cut("state.json", 50), "read"),
        ("index binary", written("state.json", b"\xff\x00"), "read"),
        ("index a list", written("state.json", b"[]"), "read"),
        ("index a number", written("state.json", b"1"), "read"),
        ("index deep", written("state.json", b"[" * 100_000), "read"),
        ("version 0", header(lambda f: f.update(version=0)), "version 0"),
        ("next version", header(lambda f: f.update(version=VERSION + 1)), f"version {VERSION + 1}"),
        ("version text", header(lambda f: f.update(version="one")), "version"),
        ("no version", header(lambda f: f.pop("version")), "version"),
        ("no parts", header(lambda f: f.pop("parts")), "parts"),
        ("no checksum", header(lambda f: f["parts"]["fram"].pop("crc32")), "crc32"),
        ("other checksum", header(lambda f: f["parts"]["fram"].update(crc32=1)), "damaged"),
        ("part outside", header(lambda f: f["parts"]["fram"].update(file="../" + part)), "outside"),
        ("utc text", header(lambda f: f.update(utc="yesterday")), "read"),
        ("utc with zone", header(lambda f: f.update(utc="2026-01-01T00:00:00+00:00")), "utc"),
        ("utc before 2000", header(lambda f: f.update(utc="1999-01-01T00:00:00")), "utc"),
        ("seed text", header(lambda f: f.update(seed="1")), "seed"),
        ("seed of another", header(lambda f: f.update(seed=2)), "seed 2"),
        ("chip of another", header(lambda f: f.update(chip="atm90e26")), "atm90e26"),
        ("variant of another", header(lambda f: f.update(variant="e1c2")), "e1c2"),
        ("foreign files", only_foreign, "state.json"),
        ("a file", instead(b"not a directory"), "not a directory"),
    ]


def refused_state(place, good, number, name, spoil, word, command):
    """One spoilt state directory, one command on it."""
    folder = place / f"state {number} {command}"
    shutil.copytree(good, folder)
    spoil(folder)
    before = picture(folder)
    ran = meter(*((command, "--state", folder) + (SHORT if command == "sim" else ("--for", "2s"))))
    check(ran, (2,), word)
    assert picture(folder) == before, f"state {name}: the directory was touched"


def refused_file(place, good, name, raw, word):
    """One file that cannot be metered, on a good state directory that must stay as it is."""
    path = place / f"{name}.csv"
    path.write_bytes(raw)
    check(meter("sim", "--input", path, "--json"), (2,), word)


def refused_pairs(place, good, step):
    """Inputs that contradict each other, and files that are not there; a good state stays as it was."""
    path = place / "good.csv"
    path.write_text(GOOD)
    state = place / "good state"
    shutil.copytree(good, state)
    before = picture(state)
    keep = ("--state", state, "--json")
    cases = [
        (("--input", path, "--input", path), "element 1"),
        (("--input", path, "--input2", path), "e1c1"),
        (("--input2", path, "--variant", "e2c2"), "--input"),
        (("--input", path, "--load", "1kW"), "not both"),
        (("--input", place / "nowhere.csv"), "nowhere.csv"),
        (("--input", place), place.name),
        (("--input", path, "--peak-kw", "3"), "peak_kw"),
        (("--input", path, "--tick", "-1"), "tick"),
        (("--chip", "none"), "none"),
        (("--seed", "2"), "seed"),
        (("--until", "soon"), "soon"),
        (("--faults", "spi_flip=1"), "spi_flip"),
    ][::step]
    for options, word in cases:
        check(meter("sim", *options, *keep), (2,), word)
    assert picture(state) == before, "a refused command touched the state"
    return len(cases)


def busy(place, good):
    """What is in use or not there: exit 3. A state directory of a running meter; a port nobody has."""
    import fcntl
    import os

    state = place / "busy state"
    shutil.copytree(good, state)
    before = picture(state)
    held = os.open(state, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        check(meter("sim", "--state", state, *SHORT), (3,), "in use")
        check(meter("run", "--state", state, "--for", "2s"), (3,), "in use")
    finally:
        os.close(held)
    assert picture(state) == before, "a busy state was touched"
    check(meter("console", "--port", "/dev/ttyNOWHERE"), (3,), "ttyNOWHERE")
    broken = place / "micropython"
    broken.write_text("#!/bin/sh\necho it hurts >&2\nexit 7\n")
    broken.chmod(0o755)
    here = dict(os.environ, METER_MICROPYTHON=str(broken))
    check(meter("run", "--state", state, "--for", "2s", env=here), (3,), "MicroPython")
    check(meter("sim", "--runtime", "micropython", "--state", state, *SHORT, env=here), (3,), "MicroPython")
    here["METER_MICROPYTHON"] = str(place / "nowhere")
    check(meter("run", "--state", state, "--for", "2s", env=here), (3,), "MicroPython")
    assert picture(state) == before, "a failed start touched the state"
    return 6


def prove(full):
    """All cases with `full`, every ninth one without."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        good = place / "good"
        made = meter("sim", "--state", good, "--load", "2300W", "--until", "60s")
        assert made.code == 0, made.err
        step = 1 if full else 9
        options = option_cases()[::step]
        files = csv_cases()[::step]
        states = state_cases(good)[::step]
        commands = ("sim", "run") if full else ("sim",)
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(lambda a=a, w=w: check(meter(*a), (2,), w)) for a, w in options]
            jobs += [pool.submit(refused_file, place, good, *case) for case in files]
            jobs += [
                pool.submit(refused_state, place, good, number, *case, command)
                for number, case in enumerate(states)
                for command in commands
            ]
            broken = [str(job.exception()) for job in jobs if job.exception() is not None]
        assert not broken, "\n".join(broken)
        pairs = refused_pairs(place, good, 1 if full else 3)
        threes = busy(place, good)
    return (
        f"{len(options)} bad options, {len(files)} unreadable or malformed files, {len(states) * len(commands)} corrupt state "
        f"directories, {pairs} contradictions: exit 2; {threes} busy or not there: exit 3; one line each, no state touched"
    )
