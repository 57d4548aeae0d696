"""What the drawn country promises: it fits what is published of England, whatever the seed."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from abm.errors import InvalidInput
from abm.records import dump, load
from abm.scenarios.scenario import load_scenario
from abm.world.country import concentrate, draw_country, strata
from abm.world.description import describe
from abm.world.drawnfile import DrawnFile
from abm.world.layout import divide, serve_nearest, spread
from abm.world.place import OrganisationKind, Place
from abm.world.place_loading import load_place

ROOT = Path(__file__).parents[2]
ENGLAND = ROOT / "scenarios" / "places" / "england.yaml"
GUIDE = ROOT / "docs" / "guides" / "places.md"

# What is published (docs/guides/places.md has the sources), and the largest departure in per cent.
TARGETS = {
    "list_p5": (1928, 2),
    "list_p25": (3692, 2),
    "list_p50": (6222, 2),
    "list_p75": (9573, 2),
    "list_p95": (14792, 2),
    "list_mean": (7055, 2),
    "practices_mean": (37.9, 2),
    "practices_sd": (20.7, 5),
    "population_mean": (267_000, 2),
    "population_sd": (142_000, 8),
    "main_share_mean": (0.73, 2),
    "main_share_sd": (0.16, 5),
    "shared_providers": (110, 5),
    "nearest_hospital_km": (5.6, 5),
    "fifth_practice_km": (1.9, 5),
}
OTHER_SEEDS_FACTOR = 4
"""Distances and shared providers are not stratified: another seed may miss by more."""


@pytest.fixture(scope="module")
def england() -> Place:
    """Return the shipped country."""
    return load_place(ENGLAND)


def misses(place: Place, factor: float = 1.0) -> dict[str, tuple[float, float]]:
    """Return the figures that miss their target, with the target."""
    found = describe(place).figures
    return {
        name: (found[name], wanted)
        for name, (wanted, percent) in TARGETS.items()
        if abs(found[name] / wanted - 1.0) > factor * percent / 100.0
    }


def small(**changes: Any) -> dict[str, Any]:
    """Describe a small country."""
    values: dict[str, Any] = yaml.safe_load(ENGLAND.read_text(encoding="utf-8"))
    values["drawn"]["commissioners"]["value"] = 12
    values["drawn"]["landscape"]["cities"] = 2
    values["drawn"]["providers"].update(hospitals=8, community_providers=3, local_authorities=5)
    for path, value in changes.items():
        target = values
        *keys, last = path.split("__")
        for key in keys:
            target = target[key]
        target[last] = value
    return values


def test_shipped_england_fits_what_is_published(england: Place) -> None:
    assert misses(england) == {}
    assert england.acute_providers == 139
    assert len(england.place_names) == 211


def test_the_guide_tells_what_is_fitted_as_it_is(england: Place) -> None:
    rows = [line.split("|")[2:5] for line in GUIDE.read_text(encoding="utf-8").splitlines() if "% |" in line]
    assert len(rows) == len(TARGETS)
    figures = describe(england).figures
    for (name, (target, percent)), (drawn, wanted, tolerance) in zip(TARGETS.items(), rows, strict=True):
        assert float(drawn.replace(",", "")) == pytest.approx(figures[name], rel=2e-3), name
        assert float(wanted.replace(",", "")) == target
        assert tolerance.strip() == f"{percent}%"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_seeds_fit_too(seed: int) -> None:
    file = load(ENGLAND, DrawnFile)
    assert misses(draw_country(file.model_copy(update={"seed": seed})), OTHER_SEEDS_FACTOR) == {}


def test_england_loads_in_seconds() -> None:
    started = time.perf_counter()
    load_place(ENGLAND)
    assert time.perf_counter() - started < 10.0


def test_same_file_gives_the_same_country_and_another_seed_another() -> None:
    file = load(ENGLAND, DrawnFile)
    first, again, other = (draw_country(file.model_copy(update={"seed": seed})) for seed in (5, 5, 6))
    assert first.content_hash == again.content_hash != other.content_hash


def test_every_organisation_has_work_and_every_hospital_patients(england: Place) -> None:
    work = np.bincount(england.work_organisation, england.work_share, england.organisations)
    assert work.min() > 0.0
    assert england.beds.min() >= 1.0


def test_a_drawn_country_carries_a_scenario(tmp_path: Path) -> None:
    (tmp_path / "places").mkdir()
    (tmp_path / "places" / "isle.yaml").write_text(dump(small(name="isle")), encoding="utf-8")
    file = tmp_path / "calm.yaml"
    file.write_text("name: calm\nplace: isle\n", encoding="utf-8")
    scenario = load_scenario(file)
    assert len(load_place(scenario.place).place_names) == 12
    assert scenario.content_hash == load_scenario(file).content_hash


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"lists__p50": 3000}, "lists do not rise"),
        ({"drawn__providers__hospitals": 13}, "13 hospitals are more than 12 places"),
        ({"drawn__commissioners__value": 0}, "whole number from 1"),
        ({"drawn__densty": 3}, "did you mean 'density'?"),
    ],
)
def test_a_fault_of_a_drawn_file_is_told(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(dump(small(**changes)), encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        load_place(path)
    assert told in str(caught.value)
    assert "broken.yaml" in str(caught.value)


def test_strata_hold_one_number_in_every_slice() -> None:
    drawn = strata(3, 50, "slices")
    np.testing.assert_array_equal(np.sort(np.floor(drawn * 50)), np.arange(50))


def test_weights_are_concentrated_on_the_main_hospital_as_wanted() -> None:
    level = np.array([[0.0, -1.0, -2.0], [0.0, -0.1, -0.1]])
    weight = concentrate(level, np.array([0.9, 0.5]))
    np.testing.assert_allclose(weight.max(axis=1) / weight.sum(axis=1), [0.9, 0.5], atol=1e-6)


def test_conurbations_fall_by_rank_and_none_is_empty() -> None:
    assert divide(11, 3) == [6, 3, 2]
    assert min(divide(5, 20)) > 0


def test_places_that_overlap_are_pushed_apart() -> None:
    moved = spread(np.array([[0.0, 0.0], [1.0, 0.0], [40.0, 0.0]]), np.array([5.0, 5.0, 5.0]))
    assert np.hypot(*(moved[0] - moved[1])) > 7.9
    np.testing.assert_array_equal(moved[2], [40.0, 0.0])


def test_everybody_is_served_by_the_nearest() -> None:
    middles = np.array([[0.0, 0.0], [1.0, 0.0], [9.0, 0.0], [10.0, 0.0]])
    roster, service = serve_nearest("council", "Council", 2, np.ones(4), middles)
    assert service.organisation.tolist() == [0, 0, 1, 1]
    assert roster.people.tolist() == [2.0, 2.0]
    none, nothing = serve_nearest("council", "Council", 0, np.ones(4), middles)
    assert len(none.id) == len(nothing.share) == 0


def test_kinds_are_as_many_as_asked_for(england: Place) -> None:
    numbers = [len(england.of_kind(kind)) for kind in OrganisationKind]
    assert numbers[0:3] == [139, 71, 211]
    assert numbers[4] == 152
