"""What synthesis promises: drawn parts add up to published wholes and depend on nothing but the seed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.records import load
from abm.world.place import OrganisationKind, Place, TieKind
from abm.world.place_loading import load_place
from abm.world.placefile import PlaceFile
from abm.world.practices import ListSizes, Settlement, fit_lists, normals, rake, share_use, uniforms
from abm.world.region import random_region
from abm.world.synthesis import draw_practice_use, draw_practices, synthesise
from abm.world.ties import Service, neighbour_pairs

ROOT = Path(__file__).parents[2]
PLACES = ROOT / "scenarios" / "places"
ENGLAND = {"organisations": 8249, "ties": 80902}


def practice_lists(place: Place) -> np.ndarray:
    return place.population_served[place.of_kind(OrganisationKind.PRACTICE)]


def test_same_seed_gives_the_same_place_and_another_seed_other_lists() -> None:
    file = load(PLACES / "south_somerset.yaml", PlaceFile)
    first, again, other = (synthesise(file.model_copy(update={"seed": seed})) for seed in (1, 1, 2))
    assert first.content_hash == again.content_hash
    assert np.any(practice_lists(first) != practice_lists(other))


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_hash_seed_does_not_reach_the_place(hash_seed: str) -> None:
    command = "from abm.world.place_loading import load_place; import sys; print(load_place(sys.argv[1]).content_hash)"
    path = PLACES / "somerset.yaml"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    arguments = [sys.executable, "-c", command, str(path)]
    run = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == load_place(path).content_hash


def test_the_order_of_organisations_in_the_file_does_not_matter() -> None:
    file = load(PLACES / "urban.yaml", PlaceFile)
    turned = file.model_copy(update={"hospitals": file.hospitals[::-1]})
    assert synthesise(turned).content_hash == synthesise(file).content_hash


def test_one_more_practice_leaves_the_draws_of_the_others() -> None:
    np.testing.assert_array_equal(uniforms(7, 20, "place", "list"), uniforms(7, 21, "place", "list")[:20])
    assert np.all(uniforms(7, 20, "place", "list") != uniforms(7, 20, "place", "position"))
    assert np.all(uniforms(7, 20, "place", "list") != uniforms(8, 20, "place", "list"))


def test_uniforms_do_not_change_between_releases() -> None:
    known = [0.37920256584673656, 0.9816494293727827, 0.062298410624034795]
    np.testing.assert_array_equal(uniforms(2014, 3, "known", "answer"), known)


def test_normals_have_mean_0_and_deviation_1() -> None:
    drawn = normals(1, 20000, "moments")
    assert abs(drawn.mean()) < 4 / np.sqrt(20000)
    assert abs(drawn.std() - 1.0) < 4 / np.sqrt(40000)


def test_lists_follow_the_published_percentiles() -> None:
    # Percentiles of all English lists in 2014; the fitted lognormal misses them by up to an eighth.
    lists = ListSizes(8.690, 0.622, 1000).draw(uniforms(5, 40000, "lists"))
    assert lists.min() >= 1000
    np.testing.assert_allclose(np.percentile(lists, [25, 50, 75, 95]), [3692, 6222, 9573, 14792], rtol=0.13)


@given(
    st.lists(st.floats(1000, 40000), min_size=1, max_size=60),
    st.floats(1.01, 20.0),
    st.sampled_from([1.0, 1000.0]),
)
@settings(max_examples=100, deadline=None)
def test_fitted_lists_add_up_in_whole_people_above_the_smallest(
    lists: list[float], factor: float, smallest: float
) -> None:
    population = round(smallest * len(lists) * factor) + len(lists)
    fitted = fit_lists(np.array(lists), smallest, population)
    assert fitted.sum() == population
    assert fitted.min() >= smallest
    np.testing.assert_array_equal(fitted, np.round(fitted))


@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 2**64 - 1), st.floats(0.0, 0.6))
@settings(max_examples=60, deadline=None)
def test_use_of_practices_adds_up_to_the_place(
    practices: int, hospitals: int, seed: int, outside: float
) -> None:
    lists = 1000.0 + 9000.0 * uniforms(seed, practices, "lists")
    position = 20.0 * uniforms(seed, 2 * practices, "practices").reshape(practices, 2)
    hospital_position = 20.0 * uniforms(seed, 2 * hospitals, "hospitals").reshape(hospitals, 2)
    share = uniforms(seed, hospitals, "shares") + 0.05
    share *= (1.0 - outside) / share.sum()
    use = share_use(seed, "place", lists, position, hospital_position, share, outside, 12.0, 0.3)
    assert np.all(use >= 0.0)
    np.testing.assert_allclose(use.sum(axis=1), 1.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(lists @ use / lists.sum(), [*share, outside], rtol=0, atol=1e-12)


def test_practices_of_a_shipped_place_add_up_to_its_use() -> None:
    file = load(PLACES / "somerset.yaml", PlaceFile)
    practice, home = draw_practices(file)
    flows = Service(np.array([0, 1]), np.array([0, 0]), np.array([0.23, 0.53]))
    use = draw_practice_use(file, practice, home, flows, np.array([[26.0, -6.0], [0.0, 0.0]]))
    total = np.bincount(use.organisation, use.share * practice.people[use.place]) / practice.people.sum()
    np.testing.assert_allclose(total, [0.23, 0.53], rtol=0, atol=1e-12)


def test_shares_that_cannot_be_fitted_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be fitted"):
        rake(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([1.0, 1.0]), np.array([0.5, 0.5]))


def test_practices_use_near_hospitals_more() -> None:
    place = load_place(PLACES / "somerset.yaml")
    ties = (place.tie_kind == TieKind.HOSPITAL_PRACTICE) & (place.tie_ends[:, 0] == 0)
    apart = np.hypot(*(place.position[place.tie_ends[ties, 1]] - place.position[0]).T)
    assert np.corrcoef(apart, place.use_share[ties])[0, 1] < -0.5


def test_weak_use_makes_no_tie() -> None:
    place = load_place(PLACES / "somerset.yaml")
    acute = (place.tie_kind == TieKind.HOSPITAL_PRACTICE) & (place.tie_ends[:, 0] < place.acute_providers)
    assert acute.sum() < place.acute_providers * len(place.of_kind(OrganisationKind.PRACTICE))
    assert place.use_share[acute].min() >= 0.05 * 0.75


def test_rural_practices_are_farther_from_hospital_than_urban_ones() -> None:
    def median_distance(name: str) -> float:
        place = load_place(PLACES / f"{name}.yaml")
        practices = place.position[place.of_kind(OrganisationKind.PRACTICE)]
        hospitals = place.position[: place.acute_providers]
        apart = np.sqrt(((practices[:, None] - hospitals[None]) ** 2).sum(axis=2))
        return float(np.median(apart.min(axis=1)))

    assert median_distance("rural") > 5.6 > median_distance("urban")


def test_towns_lie_in_their_disc_the_first_in_the_middle() -> None:
    towns = Settlement((3.0, -2.0), 15.0, 30, 1.0).draw_towns(4, "place")
    apart = np.hypot(*(towns - np.array([3.0, -2.0])).T)
    assert apart[0] == 0.0
    assert apart.max() <= 15.01


def test_neighbours_are_the_nearest_of_the_same_place() -> None:
    position = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0], [0.1, 0.0]])
    pairs, closeness = neighbour_pairs(position, np.array([0, 0, 0, 1]), 1)
    assert pairs.tolist() == [[0, 1], [1, 2]]
    assert closeness[0] < closeness[1]


def test_benchmark_region_has_exactly_the_size_asked_for() -> None:
    place = random_region(400, 4000, seed=1)
    assert (place.organisations, place.ties) == (400, 4000)
    assert random_region(400, 4000, seed=1).content_hash == place.content_hash
    assert random_region(400, 4000, seed=2).content_hash != place.content_hash


def test_england_is_drawn_in_seconds_and_resembles_england() -> None:
    started = time.perf_counter()
    place = random_region(**ENGLAND, seed=1)
    assert time.perf_counter() - started < 20.0
    assert (place.organisations, place.ties, len(place.place_names)) == (8249, 80902, 211)
    assert 50e6 < place.population.sum() < 60e6
    main = np.zeros(211)
    np.maximum.at(main, place.flow_place, place.flow_of_place)
    assert 0.65 < main.mean() < 0.81
    assert 2.0 < (place.flow_of_place >= 0.05).sum() / 211 < 3.5


@pytest.mark.parametrize(
    ("organisations", "ties", "told"),
    [(30, 4000, "cannot be drawn"), (400, 100, "cannot be drawn"), (4, 10, "too few")],
)
def test_impossible_regions_are_refused(organisations: int, ties: int, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        random_region(organisations, ties)
