"""The shipped theory: submodels of one kind, held to the rules of a user's, and free to live elsewhere."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from abm.core.batch import Batch, Lane
from abm.core.joining import joining_problems
from abm.core.theory import Theory
from abm.policy.catalogue import shipped
from abm.scenarios.extensionfile import load_extensions
from abm.scenarios.scenario import load_scenario
from abm.submodels.quantities import lever_names, levers, parameters, submodel_names
from abm.submodels.shipped import theory
from abm.world.place_loading import load_place

MONTHS = 24


def test_shipped_submodels_hold_together_by_the_rules_of_a_users():
    assert joining_problems(theory()) == []


def test_every_folder_of_a_submodel_is_read():
    assert {part.name for part in theory().parts} == set(submodel_names())
    assert all(part.name == part.path.stem == part.path.parent.name for part in theory().parts)


def test_what_is_listed_without_running_code_is_what_runs():
    assert tuple(one.name for one in theory().levers) == lever_names() == shipped().lever_names
    assert {one.name: one for one in theory().levers} == dict(levers())
    assert {one.name: one for one in theory().parameters} == dict(parameters())
    assert tuple(one.name for one in theory().parameters) == tuple(parameters())


def test_everything_that_runs_in_a_month_is_compiled():
    assert [one.name for one in (*theory().order, *theory().tallies) if not one.is_kernel] == []


def test_numbers_of_decisions_are_never_used_again():
    numbers = {name: number for part in theory().parts for name, number in part.decisions.items()}
    assert numbers == {
        "trust.first": 1,
        "leadership.first_orientation": 2,
        "leadership.first_tenure": 3,
        "pressure": 4,
        "leadership.exit": 5,
        "leadership.successor": 6,
        "contact.meetings": 7,
        "encounter.judgement": 8,
        "challenge": 9,
        "challenge.delay": 10,
        "governance.board": 11,
        "federation.unite": 12,
        "federation.leave": 13,
        "federation.contract": 14,
        "closure": 15,
        "tender": 16,
        "talk": 17,
        "traits.openness": 18,
        "traits.standing": 19,
        "traits.vigour": 20,
        "traits.burden": 21,
        "trust.past_of_place": 22,
        "trust.past_of_partner": 23,
        "trust.past_of_pair": 24,
        "leadership.move": 25,
        "leadership.move_from": 26,
        "leadership.behind": 27,
        "clinical.meetings": 28,
    }


def test_every_shipped_submodel_says_what_it_is_and_why():
    for part in theory().parts:
        title, _, rest = part.text.partition("\n\n")
        assert title.partition(":")[0] == part.name.capitalize()
        assert rest
        for record in (*part.levers, *part.parameters):
            assert record.evidence, record.name


def series_of(joined: Theory, months: int = MONTHS) -> dict[str, np.ndarray]:
    """Run two lanes of a reform, and return every measure by name."""
    scenario = load_scenario("leadership_with_reform").with_place("urban").with_horizon(months / 12)
    columns = [lever_names().index(lever.name) for lever in joined.levers]
    table = np.ascontiguousarray(scenario.lever_table()[:, columns])
    lanes = [Lane(1, replicate, scenario.parameter_values, table) for replicate in range(2)]
    batch = Batch(joined, load_place(scenario.place), lanes)
    for _ in range(months):
        batch.advance()
    return {measure.name: batch.series[:, row] for row, measure in enumerate(joined.measures)}


@pytest.mark.parametrize("name", ["showcase", "tender", "pressure", "federation"])
def test_a_submodel_that_lives_outside_the_package_gives_the_same_bits(name, tmp_path, monkeypatch):
    (part,) = (part for part in theory().parts if part.name == name)
    shutil.copytree(part.path.parent, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    # The package without the submodel: what an extension joins is the theory that is left.
    rest = theory().without(name)
    monkeypatch.setattr("abm.scenarios.extensionfile.theory", lambda: rest)
    monkeypatch.setattr("abm.submodels.shipped.theory", lambda: rest)
    joined = load_extensions([tmp_path / name / f"{name}.py"]).theory
    assert [one.is_foreign for one in joined.parts if one.name == name] == [True]
    assert [one.name for one in joined.order] == [one.name for one in theory().order]
    expected, found = series_of(theory()), series_of(joined)
    assert found.keys() == expected.keys()
    for measure, values in expected.items():
        assert np.array_equal(found[measure], values, equal_nan=True), measure
