# SPDX-License-Identifier: MIT
"""`meter config`, `--config` and `--tariff`: files there and back, refusals, and what the meter makes of them."""

import json
import tomllib

import pytest
from app.configuration import record
from app.records import codes
from app.store.crc32 import Crc32
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools import config_file
from host_tools.bench.job import Job, report
from host_tools.errors import BadInput
from tests_host.cli_runs import ROOT, meter, picture

FACTORY = config_file.factory()
FIELDS = [
    (number, group.title, (name, *group.limits_of(at)[:3]))
    for number, group in enumerate(FACTORY.groups)
    for at, name in enumerate(group.field_names())
]
DAY_START_S = 9497 * 86_400  # 2026-01-01, where a run without a recording begins


def spoiled(values):
    """Settings of the factory with {(title, name): value} in them; not judged."""
    found = config_file.factory()
    for group in found.groups:
        for name in group.field_names():
            if (group.title, name) in values:
                group.set_value(name, values[group.title, name])
    return found


@st.composite
def plans(draw):
    """{(title, name): value} for some settings, most of them within their limits."""
    values = {}
    for _, title, (name, low, high, _) in draw(st.lists(st.sampled_from(FIELDS), max_size=8)):
        values[title, name] = draw(st.integers(low, high) | st.sampled_from((low, high)))
    if values and draw(st.integers(0, 3)) == 0:
        title, name = draw(st.sampled_from(sorted(values)))
        low, high = next(field[1:3] for _, t, field in FIELDS if (t, field[0]) == (title, name))
        values[title, name] = draw(st.sampled_from((low - 1, high + 1)))
    return values


def allowed(values):
    """By the limits and the rule of each group alone, whatever the file reader thinks."""
    for _, title, (name, low, high, _) in FIELDS:
        if (title, name) in values and not low <= values[title, name] <= high:
            return False
    return all(group.rule is None or group.rule(group) for group in spoiled(values).groups)


@settings(max_examples=150, deadline=None)
@given(plans())
def test_any_file_is_taken_or_refused_whole(values):
    document = {}
    for (title, name), value in values.items():
        document.setdefault(title, {})[name] = value
    found = config_file.factory()
    if not allowed(values):
        with pytest.raises(BadInput) as refused:
            config_file.take(document, found.groups)
        assert "\n" not in str(refused.value) and any(group.title in str(refused.value) for group in found.groups)
        return
    config_file.take(document, found.groups)
    assert config_file.values(found.groups) == config_file.values(spoiled(values).groups)
    # As text and back, as a record and back.
    text = config_file.text(found.groups, "any")
    again = config_file.factory()
    config_file.take(tomllib.loads(text), again.groups)
    assert config_file.values(again.groups) == config_file.values(found.groups)
    for whole in (True, False):
        other = config_file.factory()
        packed = bytes(record.pack(found.groups, Crc32(), whole))
        assert record.read(packed, other.groups, Crc32(), True) == 0
        assert config_file.values(other.groups) == config_file.values(found.groups)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | st.integers(0, 10_000).map(lambda n: n.to_bytes(8, "little")), st.integers(0, 500))
def test_no_bytes_at_all_raise_anything(junk, at):
    groups = config_file.factory().groups
    whole = config_file.packed(groups)
    spliced = bytearray(whole[:at] + junk + whole[at + len(junk) :])
    if len(spliced) > 8:
        Crc32().seal(spliced, len(spliced) - 4)
    for candidate in (junk, bytes(spliced)):
        verdict = record.read(candidate, groups, Crc32(), True)
        if verdict:
            assert config_file.explain(verdict, groups)


def test_defaults_are_documented_and_are_what_a_meter_has():
    ran = meter("config", "defaults")
    assert ran.code == 0, ran.err
    assert tomllib.loads(ran.out) == config_file.values(FACTORY.groups)
    assert "interval_min = 30  # 5 to 60 min [30]; aligned to UTC" in ran.out
    assert "over_voltage_0v1 = 2530  # 1000 to 4000 0.1 V [2530]; unverified" in ran.out
    assert json.loads(meter("config", "defaults", "--json").out) == config_file.values(FACTORY.groups)
    page = (ROOT / "docs" / "configuration.md").read_text()
    assert config_file.text(FACTORY.groups, "Settings as a meter leaves the factory").strip() in page, (
        "docs/configuration.md: put the output of `meter config defaults` there"
    )


WRONG = [
    ("[quality\n", "not TOML"),
    ("[quantity]\n", "'quantity' is no group"),
    ("quality = 3\n", "quality: a table"),
    ("[quality]\nsag = 3\n", "quality.sag: there is no such setting"),
    ("[quality]\nsag_s = 3.5\n", "quality.sag_s: 3.5 is not a whole number"),
    ("[quality]\nsag_s = true\n", "quality.sag_s: True is not a whole number"),
    ("[quality]\nsag_s = 3601\n", "quality.sag_s: 3601 is not one of 0 to 3600"),
    ("[quality]\nsag_s = 99999999999999999999\n", "quality.sag_s: 99999999999999999999 is out of range"),
    ("[load_profile]\ninterval_min = 7\n", "load_profile: each value may be, but not all of them together"),
]


@pytest.mark.parametrize("text, complaint", WRONG)
def test_what_is_wrong_is_said_in_one_line(text, complaint, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(BadInput) as refused:
        config_file.load(path, config_file.factory().groups)
    assert str(refused.value).startswith(f"{path}: {complaint}"), refused.value


def test_import_and_export_and_the_meter_says_so(tmp_path):
    state, wrong, right = tmp_path / "state", tmp_path / "wrong.toml", tmp_path / "right.toml"
    wrong.write_text(WRONG[-1][0])
    right.write_text("[load_profile]\ninterval_min = 5\n[quality]\nsag_s = 20\n")
    for arguments in (("export",), ("import", right)):
        ran = meter("config", *arguments, "--state", state)
        assert ran.code == 2 and len(ran.lines) == 1 and not state.exists(), ran.err
    assert meter("sim", "--until", "60s", "--state", state).code == 0
    before = picture(state)
    for file in (wrong, tmp_path / "nowhere.toml"):
        for arguments in (("import", file, "--state", state), ("check", file)):
            ran = meter("config", *arguments)
            assert ran.code == 2 and len(ran.lines) == 1 and not ran.out, ran.err
    assert meter("config", "check", right).code == 0
    assert picture(state) == before
    ran = meter("config", "import", right, "--state", state, "--json")
    changed = {"load_profile.interval_min": [30, 5], "quality.sag_s": [30, 20]}
    assert ran.code == 0 and json.loads(ran.out) == {"changed": changed}, ran.err
    exported = tomllib.loads(meter("config", "export", "--state", state).out)
    expected = config_file.values(FACTORY.groups)
    expected["load_profile"]["interval_min"] = 5
    expected["quality"]["sag_s"] = 20
    assert exported == expected
    ran = meter("sim", "--until", "700s", "--state", state, "--json")
    result = json.loads(ran.out)
    assert result["profile"]["interval_s"] == 300 and result["profile"]["intervals"] == 2
    assert [code for _, code in result["events"]].count(codes.CONFIG_CHANGED) == 2
    assert meter("sim", "--until", "60s", "--state", state).code == 0
    told = json.loads(meter("sim", "--until", "60s", "--state", state, "--json").out)["events"]
    assert [code for _, code in told].count(codes.CONFIG_CHANGED) == 2, "once, not at each boot"


def test_files_of_a_run_are_looked_at_before_it_begins(tmp_path):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(WRONG[-1][0])
    for option in ("--config", "--tariff"):
        ran = meter("sim", "--until", "60s", option, wrong, "--state", tmp_path / "state")
        assert ran.code == 2 and len(ran.lines) == 1 and not (tmp_path / "state").exists(), ran.err


def books(result):
    """Does everything add up? returns: Wh of active import"""
    registers = result["registers"]
    tariff, profile = result["tariff"], result["profile"]
    total = sum(tariff["tou_wh"]) + sum(map(sum, tariff["block_wh"]))
    assert total == registers["active_import_wh"]
    for key in profile["sum"]:
        assert profile["sum"][key] + profile["open"][key] == registers[key], key
    for sets in result["billing"].values():
        for billed in sets:
            assert sum(billed["tou_wh"]) + sum(map(sum, billed["block_wh"])) == billed["total"]["active_import_wh"]
    return total


@pytest.mark.parametrize(
    "tariff, storage, variant",
    [
        (None, "fram", "e1c1"),
        ("gb_block", "fram", "e1c1"),
        ("gb_two_rate", "fram", "e2c2"),
        ("gb_block", "partition", "e1c1"),
    ],
)
def test_tariff_and_profile_account_for_every_watt_hour_through_outages(tariff, storage, variant, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("[load_profile]\ninterval_min = 15\n")
    job = Job(
        loads=["home:7"],
        until_s=26 * 3600,
        tick_ms=60_000,
        faults="outage=6",
        storage=storage,
        variant=variant,
        config=config,
        tariff=ROOT / "examples" / f"{tariff}.toml" if tariff else None,
    )
    result = report(job, job.simulation().run())
    assert books(result) > 20_000
    profile = result["profile"]
    assert profile["interval_s"] == 900 and 103 <= profile["intervals"] <= 104
    # Each of the six outages of 20 s lies in one interval or touches two; the first interval is one of boot.
    assert 5 <= profile["partial"] <= 13 and profile["missing"] == 0
    assert [billed["utc_s"] for billed in result["billing"]["daily"]] == [DAY_START_S + 86_400]
    assert result["billing"]["daily"][0]["cause"] == 0
    assert result["demand"]["import"]["maximum_w"] > 1000 and result["supply_state"] == "enabled"
    if tariff == "gb_block":
        # 00:30 to 07:30 UTC is group 2, the rest group 1, whose first block ends at 10 kWh of the month.
        blocks = result["tariff"]["block_wh"]
        assert (
            blocks[0][0] == 10_000
            and blocks[1][0] > 1000
            and blocks[0][1] > 1000
            and not sum(result["tariff"]["tou_wh"])
        )
    if variant == "e2c2":
        second = result["element2"]
        assert sum(result["tariff"]["secondary_tou_wh"]) == second["registers"]["active_import_wh"]
        assert second["profile"]["intervals"] == profile["intervals"]


def test_a_tariff_for_a_meter_that_has_run_charges_from_then_on(tmp_path):
    state = tmp_path / "state"
    first = json.loads(meter("sim", "--until", "30min", "--load", "5kW", "--state", state, "--json").out)
    total = books(first)
    assert first["tariff"]["tou_wh"][0] == total > 2400
    arguments = ("--until", "30min", "--load", "5kW", "--state", state, "--json")
    second = json.loads(meter("sim", *arguments, "--tariff", ROOT / "examples" / "gb_block.toml").out)
    assert books(second) > total + 2400
    assert second["tariff"]["tou_wh"][0] - total in (0, 1), "what the last run had not stored any more"
    assert sum(map(sum, second["tariff"]["block_wh"])) > 2400
