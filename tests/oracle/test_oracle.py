"""The compiled form and the oracle agree on every state variable in every month."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abm.core.batch import Lane
from abm.core.quantities.lever import Lever
from abm.core.quantities.parameter import Parameter
from abm.policy.catalogue import parameter_values
from abm.scenarios.simulate import make_batch
from abm.submodels.quantities import flat_names, lever_names, levers, parameters
from abm.submodels.shipped import theory
from abm.world.place import Place

from .comparison import Snapshot, find_difference, gap, make_oracles, record_oracle
from .places import draw_place, make_pair, make_town, make_valleys
from .policies import PARAMETERS, POLICIES, make_parameters, make_table

MONTHS = 96
DRAWN_MONTHS = 36

PLACES = {
    "pair": make_pair,
    "town": make_town,
    "valleys": make_valleys,
    "drawn": lambda: draw_place(seed=11, places=3, hospitals=3, practices=4, has_local_authority=True),
    "drawn without authority": lambda: draw_place(
        11, places=2, hospitals=2, practices=5, has_local_authority=False
    ),
}

NOT_COMPARED = {"implementation_past"}
"""A ring of past values of implementation, each of which is compared in its own month."""
DERIVED = {"attention"}
"""What the compiled form keeps as factors."""

ORACLE_MODULES = (
    "chance",
    "construction",
    "local_place",
    "model",
    "networks",
    "organisations",
    "practice",
    "readings",
    "ties",
    "trust_rules",
)
SHARED = {
    "abm.core.draws": {"beta_table", "normal", "uniform"},
    "abm.submodels.quantities": {"lever_names"},
    "abm.world.place": {"Place"},
}
"""All that the oracle may import from abm, by module."""


@cache
def place_of(name: str) -> Place:
    """Build a place once."""
    return PLACES[name]()


def make_lanes(parameter_set: str, months: int = MONTHS) -> list[Lane]:
    """Return a lane for each policy, with fates of their own."""
    return [
        Lane(20 + number, number % 3, make_parameters(parameter_set), make_table(policy, months))
        for number, policy in enumerate(POLICIES.values())
    ]


def test_policies_move_every_lever() -> None:
    """Between them the policies set every lever to something besides its default."""
    moved = {
        name
        for policy in POLICIES.values()
        for name, dated in policy.items()
        if any(value != levers()[name].default for _, value in dated)
    }
    assert moved == set(lever_names())


@pytest.mark.parametrize("parameter_set", PARAMETERS)
@pytest.mark.parametrize("place_name", PLACES)
def test_forms_agree_every_month(place_name: str, parameter_set: str) -> None:
    """State and measures are the same to 1e-9 in every month, under every policy."""
    place = place_of(place_name)
    lanes = make_lanes(parameter_set)
    assert find_difference(make_batch(place, lanes), make_oracles(place, lanes), MONTHS) is None


@pytest.mark.parametrize("substeps", [2, 3])
def test_forms_agree_with_a_shorter_step(substeps: int) -> None:
    """State and measures are the same when a month has several steps."""
    place = place_of("valleys")
    lanes = make_lanes("attention follows", 60)
    batch = make_batch(place, lanes, substeps=substeps)
    assert find_difference(batch, make_oracles(place, lanes, substeps), 60) is None


def test_forms_agree_when_lanes_differ_in_parameters() -> None:
    """Options that only some lanes of a batch use leave the others as they are."""
    place = place_of("valleys")
    lanes = [lane for parameter_set in PARAMETERS for lane in make_lanes(parameter_set, 36)]
    assert find_difference(make_batch(place, lanes), make_oracles(place, lanes), 36) is None


def test_forms_agree_on_large_seeds() -> None:
    """Seeds of 64 bits and replicates of 32 bits give the same draws in both forms."""
    place = place_of("town")
    table = make_table(POLICIES["leadership comes and goes"], 24)
    lanes = [
        Lane(seed, replicate, make_parameters("defaults"), table)
        for seed in (0, 2**32 + 5, 2**64 - 1)
        for replicate in (0, 2**32 - 1)
    ]
    assert find_difference(make_batch(place, lanes), make_oracles(place, lanes), 24) is None


def test_every_state_variable_and_measure_is_compared() -> None:
    """Nothing that the compiled form keeps or reports escapes the comparison."""
    place = place_of("town")
    lanes = make_lanes("defaults")
    (oracle,) = make_oracles(place, lanes[:1])
    batch = make_batch(place, lanes[:1])
    assert set(oracle.snapshot()) - DERIVED == {field.name for field in theory().fields} - NOT_COMPARED
    assert set(oracle.measures()) == set(batch.measures())


# ---- the comparison means something ---------------------------------------------------------------


@cache
def recorded(place_name: str, parameter_set: str) -> list[list[Snapshot]]:
    """Run the oracle under every policy."""
    return [record_oracle(place_of(place_name), lane, MONTHS) for lane in make_lanes(parameter_set)]


def series(name: str) -> list[np.ndarray]:
    """Return a variable over months, (months + 1, ...), for every case of the comparison."""
    return [
        np.array([snapshot[name] for snapshot in snapshots])
        for place_name in ("valleys", "drawn without authority")
        for parameter_set in PARAMETERS
        for snapshots in recorded(place_name, parameter_set)
    ]


@pytest.mark.parametrize("name", ["board", "engaged"])
def test_cases_see_it_come_and_go(name: str) -> None:
    """Boards form and dissolve, practices engage and leave, somewhere in the cases."""
    changes = [np.diff(values, axis=0) for values in series(name)]
    assert any(np.any(change > 0) for change in changes)
    assert any(np.any(change < 0) for change in changes)


@pytest.mark.parametrize(
    "name",
    ["exits", "challenged", "tendered", "delay", "waiting", "implementation", "visible", "qualified"],
)
def test_cases_see_it_happen(name: str) -> None:
    """Leaders leave, arrangements are challenged, tendered and delayed, patients wait, care is integrated and seen."""
    assert any(np.any(values > 0) for values in series(name))


def test_cases_see_networks_come_and_go() -> None:
    """Practices join networks and leave them, networks unite, and one outlives the practice it is named after."""
    found = series("network")
    joined = [(labels[:-1] < 0) & (labels[1:] >= 0) for labels in found]
    left = [(labels[:-1] >= 0) & (labels[1:] < 0) for labels in found]
    moved = [(labels[:-1] >= 0) & (labels[1:] >= 0) & (np.diff(labels, axis=0) != 0) for labels in found]
    orphaned = [
        any(labels[month, int(label)] != label for month, label in zip(*in_networks(labels), strict=True))
        for labels in found
    ]
    for events in (joined, left, moved, orphaned):
        assert any(np.any(one) for one in events)


def in_networks(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the month and the label of every membership."""
    months, _ = np.nonzero(labels >= 0)
    return months, labels[labels >= 0]


def test_cases_see_practices_close() -> None:
    """Practices close, networked ones among them; the lists go to others, and nobody is lost."""
    networked = 0
    for lists, labels in zip(series("list_size"), series("network"), strict=True):
        np.testing.assert_allclose(lists.sum(axis=1), lists[0].sum(), rtol=1e-12)
        networked += np.sum((lists[1:] == 0) & (labels[:-1] >= 0))
    assert networked > 0


def test_cases_see_both_good_and_bad_meetings() -> None:
    """Some meetings are judged good by one side and bad by the other."""
    assert any(np.any(values[..., 0] != values[..., 1]) for values in series("good_meetings"))


def departs(place: Place, lane: Lane, history: list[Snapshot]) -> bool:
    """Return whether a run of the oracle parts from a history by more than the comparison allows."""
    (oracle,) = make_oracles(place, [lane])
    for month, expected in enumerate(history):
        if month > 0:
            oracle.step()
        found = oracle.snapshot()
        if any(gap(value, found[name]) > 1e-6 for name, value in expected.items()):
            return True
    return False


def record_of(name: str) -> Parameter:
    """Return the record of a parameter by flat name."""
    known = parameters()
    return known[name] if name in known else known[name.rpartition(".")[0]]


@pytest.mark.parametrize("lever", lever_names())
def test_a_lever_left_unread_would_show(lever: str) -> None:
    """Each lever, put back to its default, changes the oracle's history under some policy."""
    place = place_of("valleys")
    column = lever_names().index(lever)
    shown = False
    for lane, history in zip(make_lanes("defaults"), recorded("valleys", "defaults"), strict=True):
        table = lane.levers.copy()
        table[:, column] = levers()[lever].default
        if not np.array_equal(table, lane.levers):
            unread = Lane(lane.seed, lane.replicate, lane.parameters, table)
            shown = shown or departs(place, unread, history)
    assert shown


@pytest.mark.parametrize("name", [name for name in flat_names() if not name.startswith("emergence.")])
def test_a_parameter_left_unread_would_show(name: str) -> None:
    """Each parameter, moved a little within its bounds, changes the oracle's history in some case."""
    low, high = record_of(name).bounds
    place = place_of("valleys")
    for parameter_set in reversed(PARAMETERS):
        cases = zip(make_lanes(parameter_set), recorded("valleys", parameter_set), strict=True)
        for lane, history in reversed(list(cases)):
            value = lane.parameters[name]
            moved = value + 0.1 * ((high if high - value > value - low else low) - value)
            if record_of(name).type == "integer":
                moved = low if value > low else high
            other = Lane(lane.seed, lane.replicate, {**lane.parameters, name: moved}, lane.levers)
            if departs(place, other, history):
                return
    pytest.fail(f"no case depends on '{name}'")


# ---- cases that nobody thought of -----------------------------------------------------------------


def values_of(record: Lever | Parameter) -> st.SearchStrategy[float]:
    """Return the valid values of a lever or a parameter."""
    low, high = record.bounds
    if record.type == "switch":
        return st.sampled_from((low, high))
    if record.type == "integer":
        return st.integers(int(low), int(high)).map(float)
    return st.floats(low, high)


@st.composite
def drawn_settings(draw: st.DrawFn) -> dict[str, list[tuple[int, float]]]:
    """Draw a policy: some levers, each set anew in up to three months."""
    moved = draw(st.lists(st.sampled_from(lever_names()), unique=True))
    months = st.integers(0, DRAWN_MONTHS - 1)
    return {
        name: sorted(draw(st.dictionaries(months, values_of(levers()[name]), min_size=1, max_size=3)).items())
        for name in moved
    }


@st.composite
def drawn_overrides(draw: st.DrawFn) -> dict[str, float]:
    """Draw some parameters, anywhere within their bounds."""
    moved = draw(st.lists(st.sampled_from(flat_names()), unique=True, max_size=30))
    return {name: draw(values_of(record_of(name))) for name in moved}


@st.composite
def drawn_structure(draw: st.DrawFn) -> dict[str, float]:
    """Draw by which rules trust and attention go."""
    return {
        "trust.rule": draw(st.sampled_from((0.0, 1.0, 2.0))),
        "attention.need_power": draw(st.sampled_from((0.0, 1.0))),
        "attention.trust_power": draw(st.sampled_from((0.0, 1.0))),
    }


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    place_seed=st.integers(0, 10**6),
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 7), st.booleans()),
    cases=st.lists(st.tuples(drawn_settings(), drawn_structure(), drawn_overrides()), min_size=1, max_size=3),
    seed=st.integers(0, 2**64 - 1),
    replicate=st.integers(0, 2**32 - 1),
    substeps=st.sampled_from([1, 2]),
)
def test_forms_agree_on_whatever_is_drawn(
    place_seed: int,
    sizes: tuple[int, int, int, bool],
    cases: list[tuple[dict[str, list[tuple[int, float]]], dict[str, float], dict[str, float]]],
    seed: int,
    replicate: int,
    substeps: int,
) -> None:
    """Places, policies, parameters within bounds and seeds that nobody chose agree as well."""
    place = draw_place(place_seed, *sizes)
    lanes = [
        Lane(seed, replicate, parameter_values({**structure, **overrides}), make_table(policy, DRAWN_MONTHS))
        for policy, structure, overrides in cases
    ]
    batch = make_batch(place, lanes, substeps=substeps)
    assert find_difference(batch, make_oracles(place, lanes, substeps), DRAWN_MONTHS) is None


# ---- independence ---------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ORACLE_MODULES)
def test_oracle_imports_only_what_both_forms_share(module: str) -> None:
    """The oracle takes draws, names and places from abm, and no mechanism."""
    tree = ast.parse((Path(__file__).parent / f"{module}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not any(alias.name.split(".")[0] == "abm" for alias in node.names)
        elif (
            isinstance(node, ast.ImportFrom)
            and node.level == 0
            and (node.module or "").split(".")[0] == "abm"
        ):
            assert {alias.name for alias in node.names} <= SHARED.get(node.module or "", set()), node.module
        elif isinstance(node, ast.ImportFrom) and node.level > 0:
            assert node.level == 1
            assert node.module in ORACLE_MODULES


def test_oracle_loads_no_mechanism() -> None:
    """Importing the oracle loads no mechanism, not even through another module."""
    root = Path(__file__).parents[2]
    program = (
        "import sys; import tests.oracle.model; "
        "sys.exit(any(name.startswith('abm.scenarios') or name.count('.') > 2 for name in sys.modules "
        "if name.startswith(('abm.scenarios', 'abm.submodels.'))))"
    )
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True)
