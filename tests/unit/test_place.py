"""What a place promises to every run: its file is checked, its arrays are sorted, complete and add up."""

import dataclasses
import math
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from abm.errors import InvalidInput
from abm.records import dump, load
from abm.world.place import PAIRED_KINDS, OrganisationKind, Place, SegmentGroup, TieKind
from abm.world.place_loading import load_place
from abm.world.placefile import PlaceFile
from abm.world.region import random_region

PLACES = Path(__file__).parents[2] / "scenarios" / "places"
NAMES = ["south_somerset", "somerset", "urban", "region", "rural"]


@pytest.fixture(scope="module", params=[*NAMES, "drawn"])
def place(request: pytest.FixtureRequest) -> Place:
    """Return every shipped place and a drawn region in turn."""
    return (
        random_region(120, 1000, 3)
        if request.param == "drawn"
        else load_place(PLACES / f"{request.param}.yaml")
    )


def plain(name: str) -> dict[str, Any]:
    """Read a shipped place file as plain values."""
    values: dict[str, Any] = yaml.safe_load((PLACES / f"{name}.yaml").read_text(encoding="utf-8"))
    return values


def problems_of(path: Path) -> tuple[str, ...]:
    """Return the problems of a place file as text."""
    with pytest.raises(InvalidInput) as caught:
        load_place(path)
    return tuple(str(problem) for problem in caught.value.problems)


def two_places() -> dict[str, Any]:
    """Describe two places that share a hospital, a community provider, a commissioner and a council."""
    values = plain("south_somerset")
    second = {
        **values["places"][0],
        "id": "north",
        "name": "North",
        "population": {"value": 120000, "source": "test"},
    }
    second["outside_use"] = {"value": 0.1, "source": "test"}
    values["places"].append(second)
    shared = values["hospitals"][0]
    shared["catchment"]["value"] = 160000
    shared["flows"].append({"place": "north", "share_of_use": {"value": 0.2, "source": "test"}})
    other = {
        **shared,
        "id": "north_hospital",
        "name": "North Hospital",
        "catchment": {"value": 100000, "source": "test"},
    }
    other["flows"] = [{"place": "north", "share_of_use": {"value": 0.7, "source": "test"}}]
    del other["position"]
    values["hospitals"].append(other)
    values["community_providers"][0]["services"].append(
        {"place": "north", "share": {"value": 1, "source": "test"}}
    )
    values["commissioners"][0]["places"].append("north")
    values["local_authorities"][0]["places"].append("north")
    return values


def test_shipped_places_have_the_published_sizes() -> None:
    sizes = {}
    for name in NAMES:
        place = load_place(PLACES / f"{name}.yaml")
        practices = len(place.of_kind(OrganisationKind.PRACTICE))
        sizes[name] = (
            practices,
            place.acute_providers,
            int(place.population.sum()),
            place.has_local_authority,
        )
    assert sizes == {
        "south_somerset": (21, 1, 164000, True),
        "somerset": (75, 2, 551639, True),
        "urban": (40, 3, 300000, True),
        "region": (62, 3, 455000, True),
        "rural": (12, 1, 90000, True),
    }


COMPASS = {"North": (0.0, 1.0), "South": (0.0, -1.0), "East": (1.0, 0.0), "West": (-1.0, 0.0)}


def astray(names: list[str], position: np.ndarray) -> list[str]:
    """List hospitals that stand on another side of all hospitals' middle than their names say."""
    side = position - position.mean(axis=0)
    found = []
    for name, where in zip(names, side, strict=True):
        words = [word.removesuffix("ern") for word in name.split()]
        if any(where @ np.array(COMPASS[word]) <= 0.0 for word in words if word in COMPASS):
            found.append(name)
    return found


@pytest.mark.parametrize("name", sorted({*NAMES} - {"south_somerset"}))
def test_hospitals_stand_where_their_names_say(name: str) -> None:
    place = load_place(PLACES / f"{name}.yaml")
    hospitals = place.of_kind(OrganisationKind.ACUTE)
    assert astray([place.organisation_name[row] for row in hospitals], place.position[hospitals]) == []


def test_a_hospital_in_the_wrong_corner_is_found() -> None:
    corners = np.array([[0.0, 0.0], [3.0, -2.0], [3.0, 2.0]])
    assert astray(["Central Hospital", "North Hospital", "South Eastern Hospital"], corners) == [
        "North Hospital",
        "South Eastern Hospital",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_number_in_a_shipped_file_stands_beside_its_source(name: str) -> None:
    def unsourced(value: Any, path: str) -> list[str]:
        if isinstance(value, list):
            return [found for row, item in enumerate(value) for found in unsourced(item, f"{path}[{row}]")]
        if not isinstance(value, dict):
            return []
        numbers = [
            key
            for key, item in value.items()
            if isinstance(item, int | float) and key not in ("seed", "present")
        ]
        missing = [f"{path}.{key}" for key in numbers if "source" not in value]
        return missing + [found for key, item in value.items() for found in unsourced(item, f"{path}.{key}")]

    assert unsourced(plain(name), name) == []


def test_population_is_the_sum_of_lists(place: Place) -> None:
    practices = place.of_kind(OrganisationKind.PRACTICE)
    lists = np.bincount(place.organisation_place[practices], place.population_served[practices])
    np.testing.assert_array_equal(lists, place.population)


def test_shares_of_patients_use_and_catchment_are_one_identity(place: Place) -> None:
    people = place.flow_of_place * place.population[place.flow_place]
    catchment = place.population_served[place.flow_provider]
    np.testing.assert_allclose(place.flow_of_provider * catchment, people, rtol=1e-12)
    total = (
        np.bincount(place.flow_provider, place.flow_of_provider, place.acute_providers) + place.outside_share
    )
    np.testing.assert_allclose(total, 1.0, rtol=0, atol=1e-12)


def test_south_somerset_sends_its_hospital_four_fifths_of_its_patients() -> None:
    place = load_place(PLACES / "south_somerset.yaml")
    np.testing.assert_allclose(place.flow_of_provider, [0.74 * 164000 / 149000])
    np.testing.assert_array_equal(place.beds, [345.0])


def test_ties_are_sorted_and_a_pair_has_one_tie(place: Place) -> None:
    keys = [
        (kind, *ends) for kind, ends in zip(place.tie_kind.tolist(), place.tie_ends.tolist(), strict=True)
    ]
    assert keys == sorted(set(keys))
    assert len({(first, second) for _, first, second in keys}) == place.ties
    assert np.all(place.tie_ends[:, 0] < place.tie_ends[:, 1])


def test_organisations_are_sorted_by_kind_then_id(place: Place) -> None:
    keys = list(zip(place.organisation_kind.tolist(), place.organisation_id, strict=True))
    assert keys == sorted(set(keys))
    np.testing.assert_array_equal(place.of_kind(OrganisationKind.ACUTE), np.arange(place.acute_providers))


def test_tie_kinds_join_the_kinds_they_name(place: Place) -> None:
    for kind, ends in zip(place.tie_kind.tolist(), place.tie_ends.tolist(), strict=True):
        assert tuple(place.organisation_kind[ends].tolist()) in PAIRED_KINDS[TieKind(kind)]


def test_segments_cover_every_directed_tie_once(place: Place) -> None:
    segment = place.segment
    assert np.all(np.bincount(segment.ravel(), minlength=len(place.segment_organisation)) > 0)
    np.testing.assert_array_equal(place.segment_organisation[segment], place.tie_ends)
    for number in range(len(place.segment_organisation)):
        tie, side = np.nonzero(segment == number)
        assert len(set(place.tie_place[tie].tolist())) == 1
        partners = place.organisation_kind[place.tie_ends[tie, 1 - side]] == OrganisationKind.PRACTICE
        group = place.segment_group[number]
        owner = place.organisation_kind[place.segment_organisation[number]]
        if owner == OrganisationKind.PRACTICE:
            assert group == SegmentGroup.ALL
        else:
            assert partners.all() or not partners.any()
        if group != SegmentGroup.ALL:
            assert partners.all() == (group == SegmentGroup.PRACTICES)


def test_reserved_and_other_segments_come_in_pairs(place: Place) -> None:
    tie, side = np.nonzero(place.segment >= 0)
    where = dict(zip(place.segment[tie, side].tolist(), place.tie_place[tie].tolist(), strict=True))
    groups: dict[tuple[int, int], list[int]] = {}
    for number, owner in enumerate(place.segment_organisation.tolist()):
        groups.setdefault((owner, where[number]), []).append(int(place.segment_group[number]))
    assert all(sorted(found) in ([0, 1], [2]) for found in groups.values())


def test_no_organisation_works_more_than_whole_time(place: Place) -> None:
    work = np.bincount(place.work_organisation, place.work_share, place.organisations)
    assert np.all(work > 0.0)
    assert np.all(work <= 1.0 + 1e-12)


def test_core_weights_sum_to_one_over_a_place(place: Place) -> None:
    total = np.bincount(place.tie_place, place.core_weight, len(place.place_names))
    np.testing.assert_allclose(total, 1.0, rtol=0, atol=1e-12)
    practices = np.any(place.organisation_kind[place.tie_ends] == OrganisationKind.PRACTICE, axis=1)
    between_hospitals = place.tie_kind == TieKind.ACUTE_ACUTE
    np.testing.assert_array_equal(place.core_weight > 0.0, ~practices & ~between_hospitals)


def test_core_weight_of_commissioner_and_hospital_follows_use() -> None:
    place = load_place(PLACES / "somerset.yaml")
    weights = place.core_weight[place.tie_kind == TieKind.COMMISSIONER_ACUTE]
    np.testing.assert_allclose(weights[1] / weights[0], 0.53 / 0.23)


def test_practices_divide_their_use_between_hospitals_and_community(place: Place) -> None:
    hospital = place.tie_kind == TieKind.HOSPITAL_PRACTICE
    community = hospital & (place.organisation_kind[place.tie_ends[:, 0]] == OrganisationKind.COMMUNITY)
    practices = place.of_kind(OrganisationKind.PRACTICE)
    for chosen, share in ((hospital, 1.0), (community, 0.25)):
        use = np.bincount(place.tie_ends[chosen, 1], place.use_share[chosen], place.organisations)[practices]
        np.testing.assert_allclose(use, share, rtol=0, atol=1e-12)
    buying = place.tie_kind == TieKind.COMMISSIONER_PRACTICE
    np.testing.assert_array_equal(np.sort(place.tie_ends[buying, 1]), practices)
    np.testing.assert_array_equal(place.use_share[buying], 1.0)


def test_every_tie_has_a_need(place: Place) -> None:
    assert np.all(place.need > 0.0)
    buying = place.tie_kind == TieKind.COMMISSIONER_PRACTICE
    np.testing.assert_allclose(
        place.need[buying], place.population_served[place.tie_ends[buying, 1]] / 1000.0
    )


def test_everybody_feels_some_hospital_and_hospitals_only_themselves(place: Place) -> None:
    for row in range(place.organisations):
        part = slice(place.exposure_start[row], place.exposure_start[row + 1])
        assert math.isclose(place.exposure_weight[part].sum(), 1.0, abs_tol=1e-12)
        if row < place.acute_providers:
            assert place.exposure_provider[part].tolist() == [row]


def test_practices_feel_the_hospitals_they_use() -> None:
    place = load_place(PLACES / "somerset.yaml")
    for practice in place.of_kind(OrganisationKind.PRACTICE).tolist():
        ties = (place.tie_ends[:, 1] == practice) & (place.tie_ends[:, 0] < place.acute_providers)
        part = slice(place.exposure_start[practice], place.exposure_start[practice + 1])
        assert place.exposure_provider[part].tolist() == place.tie_ends[ties, 0].tolist()
        np.testing.assert_allclose(
            place.exposure_weight[part], place.use_share[ties] / place.use_share[ties].sum()
        )


def test_arrays_are_contiguous_floats_or_integers_of_64_bits(place: Place) -> None:
    for field in dataclasses.fields(place):
        value = getattr(place, field.name)
        if isinstance(value, np.ndarray):
            assert value.dtype in (np.float64, np.int64), field.name
            assert value.flags.c_contiguous, field.name


def test_a_place_cannot_be_reassigned(place: Place) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        place.name = "other"  # type: ignore[misc]


def test_content_hash_tells_places_apart_and_same_places_together() -> None:
    hashes = [load_place(PLACES / f"{name}.yaml").content_hash for name in NAMES]
    assert len(set(hashes)) == len(NAMES)
    assert load_place(PLACES / "rural.yaml").content_hash == hashes[-1]


def test_places_near_each_other_or_with_shared_hospitals_are_near(place: Place) -> None:
    places = len(place.place_names)
    practices = place.of_kind(OrganisationKind.PRACTICE)
    home = place.organisation_place[practices]
    use = np.zeros((places, place.acute_providers))
    use[place.flow_place, place.flow_provider] = place.flow_of_place
    centre = np.array([place.position[practices[home == row]].mean(axis=0) for row in range(places)])
    for p in range(places):
        for q in range(places):
            apart_km = math.dist(centre[p], centre[q])
            wanted = math.exp(-apart_km / place.showcase_km)
            wanted += place.showcase_ties * sum(use[p, h] for h in range(use.shape[1]) if use[q, h] > 0.0)
            wanted = min(wanted, 1.0) if p != q else 0.0
            assert math.isclose(place.nearness[p, q], wanted, abs_tol=1e-8)


def test_reach_of_examples_is_a_field_of_the_file(tmp_path: Path) -> None:
    values = two_places()
    path = tmp_path / "two.yaml"
    path.write_text(dump(values), encoding="utf-8")
    default = load_place(path)
    assert (default.showcase_km, default.showcase_ties) == (50.0, 0.5)
    values["showcase_km"] = {"value": 1, "source": "test"}
    values["showcase_ties"] = {"value": 0.1, "source": "test"}
    path.write_text(dump(values), encoding="utf-8")
    near = load_place(path).nearness
    assert np.all(near <= default.nearness)
    np.testing.assert_array_equal(np.diag(near), 0.0)


def test_organisations_shared_between_places_divide_their_work(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(dump(two_places()), encoding="utf-8")
    place = load_place(path)
    shared = place.organisation_id.index("south_somerset_district_hospital")
    np.testing.assert_allclose(
        place.flow_of_provider[place.flow_provider == shared], [0.74 * 164 / 160, 0.2 * 120 / 160]
    )
    mine = place.segment_organisation == shared
    assert mine.sum() == 4
    commissioner = place.organisation_id.index("county_commissioner")
    north = place.work_share[(place.work_organisation == commissioner) & (place.work_place == 1)]
    np.testing.assert_allclose(north, 120000 / 551639)
    between = place.tie_kind == TieKind.ACUTE_ACUTE
    assert place.tie_place[between].tolist() == [1]
    buying = (place.tie_kind == TieKind.COMMISSIONER_ACUTE).nonzero()[0]
    assert place.tie_place[buying].tolist() == [1, 0]


def test_a_local_authority_can_be_switched_off(tmp_path: Path) -> None:
    values = plain("south_somerset")
    values["local_authorities"][0]["present"] = False
    path = tmp_path / "off.yaml"
    path.write_text(dump(values), encoding="utf-8")
    place = load_place(path)
    assert not place.has_local_authority
    assert np.all(place.tie_kind != TieKind.LOCAL_AUTHORITY)


def drop_hospital_flow(values: dict[str, Any]) -> None:
    values["hospitals"][1]["flows"] = [
        {"place": "south_somerset", "share_of_use": {"value": 0.0, "source": "test"}}
    ]
    values["hospitals"][0]["flows"].pop()


def set_value(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change of one value of a file."""

    def change(values: dict[str, Any]) -> None:
        target: Any = values
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "key", "told"),
    [
        (drop_hospital_flow, "- id: north\n", "place 'north' has no hospital"),
        (set_value("hospitals", to=[]), "hospitals:", "at least one acute provider"),
        (set_value("places", 1, "outside_use", "value", to=0.3), "outside_use:", "add up to 1.2"),
        (
            set_value("commissioners", 0, "places", to=["north"]),
            "- id: south_somerset\n",
            "has no commissioner",
        ),
        (set_value("commissioners", 0, "places", 1, to="nort"), "- nort", "did you mean 'north'?"),
        (set_value("commissioners", 0, "places", 1, to="south_somerset"), "- south_somerset", "given twice"),
        (
            set_value("hospitals", 1, "id", to="county_council"),
            "id: county_council",
            "is taken by hospitals number 2",
        ),
        (
            set_value("places", 1, "name", to="South Somerset"),
            "name: South Somerset",
            "is taken by another place",
        ),
        (set_value("hospitals", 0, "catchment", "value", to=100000), "catchment:", "raise the catchment"),
        (
            set_value("hospitals", 1, "flows", 0, "share_of_patients", to={"value": 0.5, "source": "test"}),
            "share_of_patients:",
            "population / catchment is 0.84",
        ),
        (
            set_value("community_providers", 0, "services", 1, "share", "value", to=0.5),
            "- id: north\n",
            "community services of 'north' add up to 0.5",
        ),
        (
            set_value("community_providers", 0, "people_served", "value", to=1000),
            "people_served:",
            "in the places",
        ),
        (set_value("places", 1, "practices", "value", to=120), "practices:", "need more than 120,000"),
        (set_value("ties", "tie_share", "value", to=0.72), "- id: north\n", "makes a tie"),
        (set_value("places", 1, "population", "value", to="many"), "value: many", "'many'"),
        (set_value("places", 1, "practises", to=3), "practises: 3", "did you mean 'practices'?"),
        (
            set_value("places", 1, "practices", "source", to="  "),
            "source: '  '",
            "publication, or 'assumption",
        ),
    ],
)
def test_a_fault_is_reported_with_its_line(
    change: Callable[[dict[str, Any]], None], key: str, told: str, tmp_path: Path
) -> None:
    values = two_places()
    change(values)
    path = tmp_path / "broken.yaml"
    text = dump(values)
    path.write_text(text, encoding="utf-8")
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if key.strip() in line]
    found = [problem for problem in problems_of(path) if told in problem]
    assert found, problems_of(path)
    match = re.search(r":(\d+) ", found[0])
    assert match is not None
    assert int(match[1]) in lines


def test_ids_of_practices_are_kept_for_them(tmp_path: Path) -> None:
    values = plain("somerset")
    values["hospitals"][0]["id"] = "somerset_practice_01"
    path = tmp_path / "broken.yaml"
    path.write_text(dump(values), encoding="utf-8")
    assert "is kept for practices" in problems_of(path)[0]


def test_a_place_whose_every_pair_counts_elsewhere_is_refused(tmp_path: Path) -> None:
    values = two_places()
    values["hospitals"] = values["hospitals"][:1]
    values["hospitals"][0]["catchment"]["value"] = 300000
    values["hospitals"][0]["flows"][1]["share_of_use"]["value"] = 0.9
    path = tmp_path / "broken.yaml"
    path.write_text(dump(values), encoding="utf-8")
    assert "place 'North' has no core tie" in problems_of(path)[0]


@pytest.mark.parametrize("decay_km", [0.05, 0.5, 1000.0])
def test_any_decay_of_use_is_drawn_or_refused(decay_km: float, tmp_path: Path) -> None:
    values = plain("somerset")
    values["use"]["decay_km"] = decay_km
    path = tmp_path / "decay.yaml"
    path.write_text(dump(values), encoding="utf-8")
    try:
        assert load_place(path).ties > 0
    except InvalidInput as refused:
        assert "raise decay_km" in str(refused)


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    values = two_places()
    values["places"][0]["outside_use"]["value"] = 0.5
    values["places"][1]["outside_use"]["value"] = 0.5
    values["community_providers"][0]["people_served"]["value"] = 10
    path = tmp_path / "broken.yaml"
    path.write_text(dump(values), encoding="utf-8")
    assert len(problems_of(path)) == 3


def test_a_place_file_without_hospitals_is_missing_them(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(textwrap.dedent("name: nowhere\nlabel: Nowhere\n"), encoding="utf-8")
    assert any("'hospitals' is missing" in problem for problem in problems_of(path))


def test_a_share_of_patients_that_agrees_is_accepted(tmp_path: Path) -> None:
    values = plain("south_somerset")
    values["hospitals"][0]["flows"][0]["share_of_patients"] = {"value": 0.814, "source": "test"}
    path = tmp_path / "good.yaml"
    path.write_text(dump(values), encoding="utf-8")
    assert load(path, PlaceFile).hospitals[0].flows[0].share_of_patients is not None


def change_all(*changes: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """Return several changes as one."""

    def change(values: dict[str, Any]) -> None:
        for one in changes:
            one(values)

    return change


UNREADABLE = set_value("hospitals", 0, "occupancy", to="high")
UNKNOWN = set_value("hospitals", 0, "flows", 1, "place", to="nort")
CROWDED = set_value("places", 1, "practices", "value", to=120)
SMALL = set_value("hospitals", 1, "catchment", "value", to=10)
UNEVEN = set_value("community_providers", 0, "services", 1, "share", "value", to=0.5)
FEW = set_value("commissioners", 0, "people_served", "value", to=10)


@pytest.mark.parametrize("first", [UNREADABLE, UNKNOWN, set_value("label", to=3)])
def test_a_fault_does_not_hide_where_the_rest_of_a_place_contradicts_itself(
    first: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    values = two_places()
    change_all(first, CROWDED, SMALL, UNEVEN, FEW)(values)
    path = tmp_path / "broken.yaml"
    path.write_text(dump(values), encoding="utf-8")
    found = problems_of(path)
    assert len(found) == 5, found
    for told in ("need more than 120,000", "raise the catchment", "add up to 0.5", "raise people_served"):
        assert any(told in problem for problem in found), told


@pytest.mark.parametrize(
    "change",
    [
        UNKNOWN,
        set_value("hospitals", 0, "flows", 1, "place", to=3),
        set_value("hospitals", 0, "flows", 1, "share_of_use", "value", to="x"),
        set_value("hospitals", 0, "flows", 1, to=3),
        set_value("hospitals", 0, to=3),
        set_value("hospitals", to="none"),
        set_value("hospitals", 0, "flows", to={}),
        set_value("places", 1, "id", to="North East"),
        set_value("places", 1, "population", to=3),
        set_value("commissioners", 0, "places", 1, to="nort"),
        set_value("commissioners", 0, "places", to=3),
        set_value("community_providers", 0, "services", 1, "place", to="nort"),
    ],
)
def test_one_fault_of_a_place_brings_no_others_with_it(
    change: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    values = two_places()
    change(values)
    path = tmp_path / "broken.yaml"
    path.write_text(dump(values), encoding="utf-8")
    lines = {problem.partition("  ")[0] for problem in problems_of(path)}
    assert len(lines) == 1, problems_of(path)


def test_too_many_practices_are_told_with_what_to_do(tmp_path: Path) -> None:
    values = two_places()
    CROWDED(values)
    path = tmp_path / "broken.yaml"
    path.write_text(dump(values), encoding="utf-8")
    assert "lower 'practices' or 'smallest' of 'lists', or raise the population" in problems_of(path)[0]
