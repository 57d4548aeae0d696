"""Mechanisms of one's own: the documented example everywhere, and everything that is wrong with a file at once."""

from __future__ import annotations

import json
import pickle
import shutil
import sys
import textwrap
from importlib.metadata import EntryPoint
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from abm.core.batch import Lane
from abm.core.draws import FIRST_NUMBER_OF_A_NAME, number_of, uniform, uniforms
from abm.core.guard import ViolationError
from abm.core.snapshot import Snapshot
from abm.errors import AbmError, InvalidInput
from abm.interface.cli.program import app
from abm.policy.catalogue import Catalogue, shipped
from abm.runs.batches import execute
from abm.runs.run import PairedDesign
from abm.runs.simulator import simulate
from abm.scenarios import extensionfile
from abm.scenarios.integration_model import IntegrationModel
from abm.scenarios.scenario import json_schema, load_scenario
from abm.scenarios.simulate import make_batch, simulate_lanes
from abm.submodels.quantities import lever_names
from abm.submodels.shipped import theory
from abm.world.place_loading import load_place

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "guides" / "examples"
PEERS = EXAMPLES / "peer_support.py"
LEVER = "peer.sessions"

SCENARIO = """
name: own
place: south_somerset
policies: [sustained_leadership]
horizon_years: 2
extensions: [./own.py]
"""
HEAD = """
import numpy as np
from abm.extension import *
submodel = Submodel("own")
calm = lever(
    name="calm.days", label="Calm days", description="Days.", unit="0 to 1", bounds=(0, 1), default=0,
    mechanism="calm", writes="pressure", equation="P (1 - calm dt)",
    test={"direction": "falls", "measure": "pressure", "context": "baseline", "low": 0, "high": 1},
)
"""
CALM = """
@mechanism(writes=("pressure",), after="pressure")
def calm_down(pressure, calm_days, dt):
    '''Calm everybody.'''
    pressure *= 1 - calm_days * dt
"""
GOOD = HEAD.replace('mechanism="calm"', 'mechanism="calm_down"') + CALM


@pytest.fixture(autouse=True)
def away(tmp_path, monkeypatch):
    """Work in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="module")
def peers():
    """Load the documented scenario, shortened."""
    return load_scenario(EXAMPLES / "peer_support.yaml").with_horizon(5)


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def write(folder, code=GOOD, scenario=SCENARIO, name="own"):
    """Write an extension and a scenario that names it; give the scenario's path."""
    (folder / f"{name}.py").write_text(textwrap.dedent(code), encoding="utf-8")
    path = folder / f"{name}.yaml"
    path.write_text(scenario, encoding="utf-8")
    return path


def problems_of(path, **options):
    with pytest.raises(InvalidInput) as refusal:
        load_scenario(path, **options)
    return [str(problem) for problem in refusal.value.problems]


def series_of(scenario, **settings):
    chosen = scenario.with_levers({name.replace("_", ".", 1): value for name, value in settings.items()})
    series, _ = simulate_lanes([chosen] * 8, [1] * 8, range(8))
    rows = {measure.name: row for row, measure in enumerate(chosen.extensions.measures)}
    return {name: series[:, row] for name, row in rows.items()}


# The example


def test_the_example_joins_levers_parameters_state_month_and_measures(peers):
    assert peers.catalogue.lever_names == (*lever_names(), LEVER)
    assert peers.lever_table().shape == (60, len(lever_names()) + 1)
    assert peers.lever_table()[11, -1] == 0 and peers.lever_table()[12, -1] == 12
    assert peers.dose()[LEVER] == 48
    assert peers.parameter_values["peer.relief"] == 0.2
    names = [one.name for one in peers.extensions.theory.order]
    assert names[names.index("pressure") + 1] == "peer_support"
    assert peers.extensions.measures[-1].name == "peer_visits"
    assert peers.extensions.theory.fields[-1].name == "peer_visited"


def test_the_sign_of_every_lever_of_the_example_is_as_its_record_says(peers):
    (lever,) = peers.extensions.parts[0].levers
    claim = lever.test
    context = load_scenario(claim.context, extensions=[str(PEERS)]).with_horizon(5)
    low, high = (
        series_of(context.with_levers({**claim.with_, lever.name: value}))[claim.measure][-12:].mean()
        for value in (claim.low, claim.high)
    )
    assert (high < low) == (claim.direction == "falls")


def test_a_lever_at_its_default_leaves_every_bit_as_it_was():
    plain = load_scenario("leadership_with_reform").with_horizon(2)
    with_it = load_scenario("leadership_with_reform", extensions=[str(PEERS)]).with_horizon(2)
    ours, theirs = series_of(with_it), series_of(plain)
    for name, values in theirs.items():
        np.testing.assert_array_equal(ours[name], values)
    assert not ours["peer_visits"].any()
    assert with_it.content_hash != plain.content_hash


def test_a_scenario_without_extensions_has_the_catalogue_and_hash_of_old():
    plain = load_scenario("baseline")
    assert plain.catalogue is shipped()
    assert "extensions" not in plain._own_content
    assert plain.extensions.theory is theory()
    assert plain.extensions.measures == theory().measures


def test_the_example_runs_alike_in_a_batch_through_mesa_and_in_workers(peers):
    series, _ = simulate_lanes([peers, peers], [1, 1], [0, 1])
    model = IntegrationModel(peers, seed=1, replicate=1)
    model.run_model()
    visits = model.datacollector.get_model_vars_dataframe()["peer_visits"].to_numpy()
    row = [measure.name for measure in peers.extensions.measures].index("peer_visits")
    np.testing.assert_array_equal(series[:, row, 1], visits)
    assert visits.sum() > 0
    runs = PairedDesign((load_scenario("baseline").with_horizon(5), peers), 1, 3).runs()
    alone, together = (execute(runs, simulate, workers=workers, lanes=2) for workers in (1, 2))
    assert together.workers == 2 and not together.failures
    for name, column in alone.tables.months.items():
        np.testing.assert_array_equal(column, together.tables.months[name])
    is_baseline = alone.tables.months["scenario"] == "baseline"
    assert np.isnan(alone.tables.months["peer_visits"][is_baseline]).all()
    assert alone.tables.months["peer_visits"][~is_baseline].sum() > 0


def test_the_example_goes_on_from_a_snapshot_bit_for_bit(peers, tmp_path):
    straight = IntegrationModel(peers, seed=2)
    for _ in range(20):
        straight.step()
    straight.save().write(tmp_path / "middle.npz")
    straight.run_model()
    again = IntegrationModel(peers, seed=2)
    again.restore(Snapshot.read(tmp_path / "middle.npz"))
    again.run_model()
    np.testing.assert_array_equal(again.batch.series, straight.batch.series)
    other = IntegrationModel(load_scenario("leadership_with_reform").with_horizon(5), seed=2)
    with pytest.raises(InvalidInput, match="extensions: the snapshot has"):
        other.restore(Snapshot.read(tmp_path / "middle.npz"))


def test_set_lever_knows_the_levers_of_extensions(peers):
    model = IntegrationModel(peers)
    model.set_lever(LEVER, 3)
    assert model.batch.levers[0, -1, 0] == 3
    with pytest.raises(InvalidInput, match=r"did you mean 'peer\.sessions'"):
        model.set_lever("peer.session", 3)
    with pytest.raises(InvalidInput, match=r"valid is 0 to 12 \(per year\)"):
        model.set_lever(LEVER, 13)


def test_compare_writes_doses_measures_and_the_hash_of_the_file(tmp_path):
    shutil.copytree(EXAMPLES, tmp_path / "mine", ignore=shutil.ignore_patterns("__pycache__"))
    words = ("--replicates", 2, "--years", 2, "--workers", 2, "--out", "out")
    result = run("compare", "baseline", "mine/peer_support.yaml", *words)
    assert result.exit_code == 0, result.output
    assert "Peer visits" in result.stdout
    runs, months = pq.read_table("out/runs.parquet"), pq.read_table("out/months.parquet")
    assert runs.column_names.index(f"dose.{LEVER}") == 1 + runs.column_names.index(
        f"dose.{lever_names()[-1]}"
    )
    assert sorted(set(runs[f"dose.{LEVER}"].to_pylist())) == [0.0, 12.0]
    told = months.schema.field("peer_visits").metadata
    assert told[b"unit"] == b"number in the month"
    assert told[b"definition"] == b"Visits to practices in the month"
    manifest = json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))
    added = manifest["scenarios"]["peer_support"]["extensions"]
    assert added[0]["name"] == "peer_support"
    assert len(added[0]["sha256"]) == 64
    assert "extensions" not in manifest["scenarios"]["baseline"]


def test_an_extension_of_the_command_line_adds_to_every_scenario():
    result = run(
        "compare", "baseline", "leadership_with_reform", "--extension", PEERS, "--set", f"{LEVER}=6",
        "--replicates", 2, "--years", 2, "--workers", 1, "--out", "out",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "Measure of an extension" in result.stdout
    runs = pq.read_table("out/runs.parquet")
    assert set(runs[f"dose.{LEVER}"].to_pylist()) == {12.0}
    manifest = json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))
    assert f"--extension {PEERS}" in manifest["invocation"]["command"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("levers", LEVER), "Visits a year that a practice gets"),
        (("parameters", "peer"), "Relief by a peer visit"),
        (("measures",), "peer_visits"),
        (("order",), "peer_support"),
        (("schema", "scenario"), LEVER),
        (
            ("validate", EXAMPLES / "peer_support.yaml", PEERS),
            "valid extension 'peer_support', adds peer.sessions",
        ),
    ],
)
def test_commands_that_look_and_check_take_extensions(words, told):
    result = run(*words, "--extension", PEERS)
    assert result.exit_code == 0, result.output
    assert told in result.stdout
    if words[0] != "validate":
        assert told not in run(*words).stdout


def test_names_of_extensions_are_suggested_and_their_bounds_checked(tmp_path):
    path = write(tmp_path, scenario=SCENARIO + "levers: {calm.day: 1, calm.days: 2}\n")
    assert problems_of(path) == [
        "own.yaml:7  lever 'calm.day' is unknown; did you mean 'calm.days'? 'abm levers' lists them.",
        "own.yaml:7  lever 'calm.days' is 2; valid is 0 to 1 (0 to 1); 'abm levers calm.days' describes it",
    ]


def test_the_hash_follows_the_file_and_the_records(tmp_path):
    path = write(tmp_path)
    first = load_scenario(path)
    write(tmp_path, GOOD + "# a remark\n")
    second = load_scenario(path)
    assert len({load_scenario("baseline").content_hash, first.content_hash, second.content_hash}) == 3
    assert load_scenario(path).content_hash == second.content_hash


def test_a_scenario_with_extensions_travels_and_refuses_a_file_that_changed(tmp_path):
    scenario = load_scenario(write(tmp_path))
    sent = pickle.dumps(scenario)
    assert pickle.loads(sent) == scenario
    assert pickle.loads(sent).catalogue.lever_names == scenario.catalogue.lever_names
    write(tmp_path, GOOD + "# a remark\n")
    extensionfile.part_of.cache_clear()
    with pytest.raises(InvalidInput, match="has changed since its scenario was loaded"):
        simulate_lanes([pickle.loads(sent)], [1], [0])


def test_lanes_of_a_batch_share_their_extensions(peers):
    with pytest.raises(ValueError, match="extensions"):
        simulate_lanes([peers, load_scenario("baseline").with_horizon(5)], [1, 1], [0, 0])


def test_catalogues_of_abm_travel_as_themselves():
    assert pickle.loads(pickle.dumps(shipped())) is shipped()
    assert pickle.loads(pickle.dumps(Catalogue(is_partial=True))).is_partial


def test_own_mechanisms_may_take_indices_off_each_other(tmp_path):
    body = "    pressure[:] = -np.min(tie_ends[:, 0] - tie_ends[:, 1]) / pressure.shape[0] + 0 * calm_days"
    code = GOOD.replace("(pressure, calm_days, dt)", "(pressure, calm_days, tie_ends)").replace(
        "    pressure *= 1 - calm_days * dt", body
    )
    scenario = load_scenario(write(tmp_path, code))
    place = load_place(scenario.place)
    furthest = np.max(place.tie_ends[:, 1] - place.tie_ends[:, 0])
    np.testing.assert_allclose(series_of(scenario)["pressure"][1:], furthest / place.organisations)


# Security


def test_extensions_are_not_read_where_they_are_not_allowed(tmp_path):
    marker = tmp_path / "ran"
    code = f"from pathlib import Path\nPath({str(marker)!r}).write_text('x')\n" + GOOD
    path = write(tmp_path, code, SCENARIO + "levers: {calm.days: 1, leadership.effort: 9}\n")
    told = problems_of(path, allow_extensions=False)
    assert told[0].startswith("own.yaml:6  extensions are code, which is not run here")
    assert "lever 'leadership.effort' is 9" in told[1]
    assert len(told) == 2
    assert not marker.exists()
    load_scenario("baseline", allow_extensions=False)


# Ways to name an extension


def test_a_module_and_an_entry_point_are_found_by_name(tmp_path, monkeypatch):
    package = tmp_path / "calming_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "quiet.py").write_text(textwrap.dedent(GOOD), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    path = write(tmp_path, scenario=SCENARIO.replace("./own.py", "calming_package.quiet"))
    by_module = load_scenario(path)
    assert by_module.extensions.sources[0].kind == "module"
    entry = EntryPoint("quiet", "calming_package.quiet", extensionfile.GROUP)
    monkeypatch.setattr(
        extensionfile, "entry_points", lambda group: [entry] if group == extensionfile.GROUP else []
    )
    path = write(tmp_path, scenario=SCENARIO.replace("./own.py", "quiet"), name="own")
    assert load_scenario(path).content_hash == by_module.content_hash
    path = write(tmp_path, scenario=SCENARIO.replace("./own.py", "quite"), name="own")
    (told,) = problems_of(path)
    assert "extension 'quite' is unknown; did you mean 'quiet'?" in told
    for name in [name for name in sys.modules if name.startswith("calming_package")]:
        del sys.modules[name]


def test_an_extension_named_by_file_and_command_line_counts_once(tmp_path):
    path = write(tmp_path)
    assert load_scenario(path, extensions=["own.py"]) == load_scenario(path)
    path = write(tmp_path, scenario=SCENARIO.replace("[./own.py]", "[./own.py, own.py]"))
    assert problems_of(path) == ["own.yaml:6  extension 'own.py' is named twice; keep one of the two"]


def test_levers_may_stand_in_a_file_beside(tmp_path):
    records = """
    levers:
      - name: calm.days
        label: Calm days
        description: Days.
        unit: share
        bounds: [0, 1]
        default: 0
        mechanism: calm_down
        writes: pressure
        equation: P (1 - calm dt)
        test: {direction: falls, measure: pressure, context: baseline, low: 0, high: 1}
    """
    (tmp_path / "own_records.yaml").write_text(textwrap.dedent(records), encoding="utf-8")
    code = GOOD[: GOOD.index("calm = lever")] + CALM
    path = write(tmp_path, code.replace('Submodel("own")', 'Submodel("own", records="own_records.yaml")'))
    first = load_scenario(path)
    assert first.catalogue.levers["calm.days"].unit == "share"
    (tmp_path / "own_records.yaml").write_text(
        textwrap.dedent(records).replace("unit", "unti"), encoding="utf-8"
    )
    assert any(
        told.startswith("own_records.yaml:6  'unti' is not a key of a lever") for told in problems_of(path)
    )


# What is wrong with a file


def test_everything_wrong_with_a_file_is_told_at_once_with_its_line(tmp_path):
    code = """
    from abm.extension import *

    clashing = lever(
        name="leadership.effort", label="x", description="x", unit="x", bounds=(0, 1), default=0,
        mechanism="calm", writes="x", equation="x",
        test={"direction": "falls", "measure": "pressure", "context": "baseline", "low": 0, "high": 1},
    )
    broken = lever(name="calm.days", labl="Calm days", bounds=(0, 1), default=3)
    state = field("trust", axes=("organisation",), unit="x", definition="x")
    odd = field("odd", axes=("hospital",), unit="x", definition="x")

    @mechanism(writes=("presure",), after="pressure")
    def calm(pressure, dt):
        '''Calm.'''

    @mechanism(writes=("pressure",), after="presure")
    def lost(pressure):
        '''Lose.'''

    @mechanism(writes=("pressure",))
    def nowhere(pressure, *rest):
        '''Do nothing.'''

    @measure(label="Trust", unit="trust")
    def trust(trust):
        '''Trust.'''

    submodel = Submodel("Own")
    """
    path = write(tmp_path, code, SCENARIO + "levers: {calm.days: 1}\n")
    told = problems_of(path)
    for line, part in (
        (4, "lever 'leadership.effort' clashes with a lever of abm"),
        (9, "'labl' is not a key of a lever; did you mean 'label'?"),
        (9, "'description' is missing from this lever"),
        (10, "state field 'trust' clashes with a state array"),
        (11, "axis \"hospital\" of 'odd' is unknown. Valid: organisation, acute provider"),
        (13, "mechanism 'calm' writes 'presure', which is not among its arguments; did you mean 'pressure'?"),
        (17, "mechanism 'lost' runs after 'presure', which is no mechanism; did you mean 'pressure'?"),
        (21, "mechanism 'nowhere' has arguments without a plain name"),
        (25, "measure 'trust' clashes with a measure of abm"),
        (29, "'name' is \"Own\"; valid is lower case, digits and underscores"),
    ):
        found = [
            one for one in told if part in one.replace("'Own'", '"Own"').replace("'hospital'", '"hospital"')
        ]
        assert found, (part, told)
        assert found[0].startswith(f"own.py:{line}  "), found
    assert not any("calm.days" in one and "own.yaml" in one for one in told)
    result = run("run", path)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("change", "line", "told"),
    [
        (
            ("pressure, calm_days, dt", "pressure, calm_days, dt, presure"),
            11,
            "asks for 'presure', which nobody",
        ),
        (("calm_days", "pressure_base"), 5, "nothing reads lever 'calm.days'; a mechanism asks for it by"),
        (
            ('writes=("pressure",)', 'writes=("pressure", "calm_days")'),
            11,
            "'calm_days', which is not a state array",
        ),
        (
            ('mechanism="calm_down"', 'mechanism="calm_dwon"'),
            5,
            "names mechanism 'calm_dwon', which is not there",
        ),
        (
            ('"measure": "pressure"', '"measure": "presure"'),
            5,
            "names measure 'presure', which is unknown; did you",
        ),
        (("    '''Calm everybody.'''\n", ""), 11, "has no docstring"),
    ],
)
def test_what_does_not_hold_together_is_told_with_its_line(tmp_path, change, line, told):
    path = write(tmp_path, GOOD.replace(*change))
    problems = problems_of(path)
    assert [one for one in problems if told in one and one.startswith(f"own.py:{line}  ")], problems


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import abm.extension\n\ndef (:\n", "own.py:3  is not Python: invalid syntax"),
        ("a = 1\nb = a / 0\n", "own.py:2  stops with ZeroDivisionError: division by zero"),
        ("import nowhere_at_all\n", "own.py:1  stops with ModuleNotFoundError"),
        ("raise SystemExit(3)\n", "own.py:1  stops with SystemExit: 3"),
        ("a = 1\n", "own.py  declares no submodel; write one"),
        (GOOD + "more = Submodel('more')\n", "own.py:15  declares 2 submodels"),
        ("from abm.extension import *\nsubmodel = Submodel(names='a')\n", "own.py:2  stops with TypeError"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_line(tmp_path, code, told):
    path = write(tmp_path, code, SCENARIO + "levers: {calm.days: 1, leadership.efort: 1}\n")
    problems = problems_of(path)
    assert problems[0].startswith(told), problems
    # What may be a name of the extension is not reported as unknown.
    assert len(problems) == 1


def test_declarations_of_any_type_are_told_and_never_traced(tmp_path):
    code = """
    from abm.extension import *
    x = lever(name=3, bounds=float("nan"))
    y = lever(name="a.b", test=object())
    z = mechanism(writes="pressure", after="pressure")(len)
    w = [table("w", 3, of=("a",)), start(writes=3)(int), tally(fills=None)(3), decision(3)]
    submodel = Submodel(["own"], records=7)
    """
    told = problems_of(write(tmp_path, code))
    assert all(one.startswith("own.py:") for one in told)
    for part in (
        "'name' is 3",
        "lever holds what is no plain value",
        "'records' is 7",
        "mechanism should be a function, found <built-in function len>",
        "table 'w' should be made by a function, found 3",
        "start should be a function",
        "tally should be a function, found 3",
        "decision should be a name in quotes, found 3",
    ):
        assert any(part in one for one in told), (part, told)


def test_a_missing_file_is_told_at_its_line_of_the_scenario_and_at_the_option(tmp_path):
    path = write(tmp_path, scenario=SCENARIO.replace("./own.py", "./won.py"))
    (told,) = problems_of(path)
    assert told == "own.yaml:6  extension file './won.py' does not exist; looked for won.py"
    result = run("run", "baseline", "--extension", "nowhere.py")
    assert result.exit_code == 2
    assert "--extension  extension file 'nowhere.py' does not exist" in result.stderr


def test_two_extensions_that_clash_are_refused(tmp_path):
    write(tmp_path, name="other")
    path = write(tmp_path, scenario=SCENARIO.replace("[./own.py]", "[./own.py, ./other.py]"))
    told = problems_of(path)
    assert any("lever 'calm.days' clashes with part of extension 'own'" in one for one in told)
    assert any("two submodels are called 'own'" in one for one in told)
    assert all(one.startswith("other.py:") for one in told)


# What a mechanism may do


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("pressure += 2.0", "own.py:11  mechanism 'calm_down' left 'pressure' at"),
        ("pressure[0] = np.nan", "mechanism 'calm_down' left 'pressure' at nan; its range is 0 to 1"),
    ],
)
def test_state_that_leaves_its_range_is_an_error_that_names_the_mechanism(tmp_path, body, told):
    scenario = load_scenario(write(tmp_path, GOOD.replace("pressure *= 1 - calm_days * dt", body)))
    with pytest.raises(ViolationError) as refusal:
        simulate_lanes([scenario], [1], [0])
    assert told in str(refusal.value)
    assert issubclass(ViolationError, AbmError)


def test_a_mechanism_cannot_change_what_it_does_not_declare(tmp_path):
    scenario = load_scenario(write(tmp_path, GOOD.replace("pressure *= 1", "calm_days *= 1")))
    with pytest.raises(ValueError, match="read-only"):
        simulate_lanes([scenario], [1], [0])


def test_a_measure_that_returns_another_shape_is_refused(tmp_path):
    wrong = "\n@measure(label='x', unit='x')\ndef all_of_it(pressure):\n    '''All.'''\n    return pressure\n"
    scenario = load_scenario(write(tmp_path, GOOD + wrong))
    with pytest.raises(ViolationError, match="one value a lane"):
        simulate_lanes([scenario], [1], [0])


def test_a_kernel_of_ones_own_agrees_with_numpy(tmp_path):
    loops = """
@mechanism(writes=("pressure",), after="pressure", is_kernel=True)
def calm_down(pressure, calm_days, dt):
    '''Calm everybody.'''
    for row in range(pressure.shape[0]):
        for lane in range(pressure.shape[1]):
            pressure[row, lane] *= 1 - calm_days[lane] * dt
"""
    plain = load_scenario(write(tmp_path)).with_levers({"calm.days": 0.5})
    kernel = load_scenario(write(tmp_path, GOOD.replace(CALM, loops), name="own")).with_levers(
        {"calm.days": 0.5}
    )
    place = load_place(plain.place)
    batches = [
        make_batch(place, [Lane(1, 0, one.parameter_values, one.lever_table())], extensions=one.extensions)
        for one in (plain, kernel)
    ]
    for batch in batches:
        for _ in range(6):
            batch.advance()
    np.testing.assert_array_equal(batches[0].series, batches[1].series)


def test_state_starts_where_it_says_and_before_and_after_hold(tmp_path):
    more = """
level = field("calm_level", axes=("organisation",), unit="x", definition="x", start="calm.days", low=0)
fixed = field("calm_fixed", axes=("place",), unit="x", definition="x", start=0.25)

@mechanism(writes=("calm_level",), before="demand")
def first(calm_level):
    '''Come first.'''

@mechanism(writes=("calm_fixed",), after="pressure")
def later(calm_fixed):
    '''Come later.'''

@measure(label="Level", unit="x")
def calm_is(calm_level, calm_fixed):
    '''Level.'''
    return calm_level.mean(axis=0) + calm_fixed.mean(axis=0)

"""
    scenario = load_scenario(write(tmp_path, (GOOD + more))).with_levers({"calm.days": 0.5})
    names = [one.name for one in scenario.extensions.theory.order]
    assert names[names.index("demand") - 1] == "first"
    assert names[names.index("pressure") + 1 :][:2] == ["calm_down", "later"]
    assert series_of(scenario)["calm_is"][0].tolist() == [0.75] * 8
    path = write(tmp_path, (GOOD + more).replace('start="calm.days"', 'start="calm.dasy"'))
    assert any("starts at 'calm.dasy', which is neither" in one for one in problems_of(path))


TALLIED = """
hidden = field("own_hidden", axes=("place",), unit="x", definition="x", start="population")
tables = table("own_table", np.atleast_1d, of=("pressure.base",))
counted = (
    measure("own_most", label="Most", unit="x", definition="Most"),
    measure("own_first", label="First", unit="x", definition="First"),
    measure("own_second", label="Second", unit="x", definition="Second"),
)

@start(writes=("own_hidden",))
def set_out(own_hidden, own_table):
    '''Set out.'''
    own_hidden += own_table

@mechanism(writes=("own_hidden",), after="demand", settles=True)
def double(own_hidden):
    '''Double.'''
    own_hidden *= 2

@tally(fills=("own_most",), families={"both": ("own_first", "own_second")})
def count(fill_own_most, fill_both, own_hidden):
    '''Count.'''
    fill_own_most[:] = own_hidden.max(axis=0)
    fill_both[:] = [[1.0], [2.0]]
"""


def test_starts_tables_and_tallies_of_ones_own_act(tmp_path):
    scenario = load_scenario(write(tmp_path, GOOD + TALLIED))
    found = series_of(scenario)
    place = load_place(scenario.place)
    begun = 2.0 * (place.population.max() + scenario.parameter_values["pressure.base"])
    np.testing.assert_allclose(found["own_most"][:3, 0], [begun, 2.0 * begun, 4.0 * begun])
    assert (found["own_first"] == 1.0).all() and (found["own_second"] == 2.0).all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            ('fills=("own_most",)', 'fills=("own_mots",)'),
            "fills by 'fill_own_mots', which is not among its arguments",
        ),
        (
            ('measure("own_most"', 'measure("own_mots"'),
            "tally 'count' fills 'own_most', which is no measure; did you mean 'own_mots'?",
        ),
        (('("own_first", "own_second")', '("own_second", "own_first")'), "together; declare them in a row"),
        (('("own_first", "own_second")', '("own_first",)'), "nothing fills measure 'own_second'"),
        (("fill_both, own_hidden", "fill_both, own_hiden"), "tally 'count' asks for 'own_hiden'"),
        (('start="population"', 'start="popluation"'), "starts at 'popluation', which is neither"),
        (
            ('of=("pressure.base",)', 'of=("pressure.bsae",)'),
            "follows from 'pressure.bsae', which is no single",
        ),
        (
            ('@start(writes=("own_hidden",)', '@start(settles_as="presure", writes=("own_hidden",)'),
            "settles as 'presure'",
        ),
        (
            ('after="demand"', 'after="demand", before="trust"'),
            "mechanism 'double' needs one place in the month",
        ),
        (('axes=("place",)', 'axes=("place",), span="demand.effect_lag"'), "should have both the axis"),
    ],
)
def test_what_does_not_hold_together_with_starts_and_tallies_is_told(tmp_path, change, told):
    assert (GOOD + TALLIED).count(change[0]) == 1
    problems = problems_of(write(tmp_path, (GOOD + TALLIED).replace(*change)))
    assert [one for one in problems if told in one and one.startswith("own.py:")], problems


# Draws


def test_decisions_of_extensions_have_numbers_of_their_own():
    assert (
        max(number for part in theory().parts for number in part.decisions.values()) < FIRST_NUMBER_OF_A_NAME
    )
    numbers = {number_of(f"some.{name}") for name in range(1000)}
    assert len(numbers) == 1000
    assert min(numbers) >= FIRST_NUMBER_OF_A_NAME and max(numbers) < 2**32


def test_decisions_of_one_number_are_refused(tmp_path):
    code = """
    from abm.extension import *
    VISIT = decision("a.visit")
    submodel = Submodel("{}")
    """
    write(tmp_path, code.format("one"), name="one")
    write(tmp_path, code.format("two"), name="two")
    path = tmp_path / "both.yaml"
    path.write_text(SCENARIO.replace("./own.py", "./one.py, ./two.py"), encoding="utf-8")
    assert problems_of(path) == [
        "two.py:3  decision 'a.visit' has the number of decision 'a.visit'; choose another name"
    ]


def test_uniforms_are_the_draws_of_their_entities():
    seed, replicate = np.array([1, 2**40], dtype=np.uint64), np.array([0, 7], dtype=np.uint64)
    drawn = uniforms(seed, replicate, 5, 2000, 6)
    for entity in range(6):
        for lane in range(2):
            assert drawn[entity, lane] == uniform(seed[lane], replicate[lane], 5, 2000, entity)


# Structure


@pytest.mark.parametrize(
    ("structure", "parameters"),
    [
        ({"trust": "encounter"}, {"trust.rule": 0}),
        ({"trust": "klos_nooteboom"}, {"trust.rule": 1}),
        ({"trust": "kim", "attention": "need"}, {"trust.rule": 2, "attention.need_power": 1}),
        ({"attention": "trust"}, {"attention.trust_power": 1}),
        ({"attention": "equal"}, {"attention.trust_power": 0, "attention.need_power": 0}),
        ({"attention": "need_and_trust"}, {"attention.need_power": 1, "attention.trust_power": 1}),
    ],
)
def test_variants_are_parameters_by_name(tmp_path, structure, parameters):
    path = tmp_path / "named.yaml"
    path.write_text(
        f"name: named\nplace: south_somerset\nstructure: {json.dumps(structure)}\n", encoding="utf-8"
    )
    scenario = load_scenario(path)
    plain = load_scenario("baseline")
    assert scenario.content_hash == plain.with_parameters(parameters).content_hash
    assert scenario.resolved()["structure"] == structure
    assert plain.with_structure(structure).parameter_values == scenario.parameter_values
    jsonschema.validate({"name": "n", "place": "p", "structure": structure}, json_schema("scenario"))


def test_unknown_variants_and_conflicts_are_told(tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text(
        "name: odd\nplace: south_somerset\nstructure:\n  trust: kym\n  atention: need\n", encoding="utf-8"
    )
    told = problems_of(path)
    assert any("odd.yaml:4  'structure.trust' is 'kym'; it should be one of encounter" in one for one in told)
    assert any("did you mean 'kim'?" in one for one in told)
    assert any(
        "odd.yaml:5  'atention' is not a key of a structure; did you mean 'attention'?" in one for one in told
    )
    path.write_text(
        "name: odd\nplace: south_somerset\nstructure: {trust: kim}\nparameters: {trust.rule: 2}\n",
        encoding="utf-8",
    )
    assert problems_of(path) == [
        "odd.yaml:4  parameter 'trust.rule' is also set by 'structure' (trust: kim); keep one of the two"
    ]
    named = load_scenario("baseline").with_structure({"trust": "kim"})
    with pytest.raises(InvalidInput, match="also set by 'structure'"):
        named.with_parameters({"trust.rule": 1})
    with pytest.raises(InvalidInput, match="also set by 'structure'"):
        load_scenario("baseline").with_parameters({"trust.rule": 1}).with_structure({"trust": "kim"})
    with pytest.raises(InvalidInput, match="did you mean 'kim'"):
        named.with_structure({"trust": "kimm"})
