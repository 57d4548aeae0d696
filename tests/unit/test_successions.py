"""Changes of code: whichever table uses an old one, its numbers follow, and no total changes."""

import dataclasses
import itertools
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.errors import InvalidInput
from abm.world.place import Place
from abm.world.publishers import Publications, Reconciliation, build_place, read_folder
from abm.world.publishers.catchment import catchments
from abm.world.publishers.matching import Matched, match
from abm.world.publishers.publications import Beds, Flow, Registered, Succession
from abm.world.publishers.recoding import Codes, tell_total
from abm.world.publishers.successions import Successions

FILES = Path(__file__).parents[1] / "data" / "ods"
TOTALS = re.compile(r"([0-9,.e+]+) as published, ([0-9,.e+]+) once codes are followed$")
TABLES_TOLD = 6
"""Lists, users and providers of both tables of use, and catchments."""


@pytest.fixture(scope="module")
def base() -> Publications:
    """Read the invented files, without the successions in them."""
    data = read_folder(FILES)
    followed = Successions(data.successions)
    return dataclasses.replace(
        data,
        successions=[],
        flows=[
            dataclasses.replace(
                row, provider=next(iter(followed.resolve(row.provider, data.providers)), row.provider)
            )
            for row in data.flows
            if row.provider != "RY2"
        ],
        beds={code: row for code, row in data.beds.items() if code not in followed.successors},
    )


def recoded(data: Publications, new: Mapping[str, str]) -> Publications:
    """Return the files with other codes in all tables but those that say what there is."""

    def code(old: str) -> str:
        return new.get(old, old)

    return dataclasses.replace(
        data,
        flows=[
            dataclasses.replace(row, user=code(row.user), provider=code(row.provider)) for row in data.flows
        ],
        use=[dataclasses.replace(row, user=code(row.user), provider=code(row.provider)) for row in data.use],
        lists={code(old): Registered(row.people, code(row.commissioner)) for old, row in data.lists.items()},
        beds={code(old): row for old, row in data.beds.items()},
    )


def succeeding(data: Publications, pairs: list[tuple[str, str]]) -> Publications:
    return dataclasses.replace(data, successions=[Succession(old, new, None) for old, new in pairs])


def totals(told: Reconciliation) -> list[tuple[float, float]]:
    """Return the totals before and after of every table that is told of."""
    found = [match for entry in told.entries if (match := TOTALS.search(entry.message))]
    return [(float(match[1].replace(",", "")), float(match[2].replace(",", ""))) for match in found]


def people_of(place: Place, code: str) -> float:
    return float(place.population_served[place.organisation_id.index(code)])


CODES = ["99A", "99B", "99D", "RZ1", "RZ2", "RZ3", "RZ6", "Z90001", "Z90002", "Z90101", "Z90105", "Z90201"]


@settings(max_examples=25)
@given(changed=st.sets(st.sampled_from(CODES), min_size=1), length=st.integers(1, 3))
def test_old_codes_in_any_table_give_the_place_that_new_codes_give(
    base: Publications, changed: set[str], length: int
) -> None:
    chains = {code: [f"OLD{step}{code}" for step in range(length)] + [code] for code in changed}
    pairs = [pair for chain in chains.values() for pair in itertools.pairwise(chain)]
    old = recoded(base, {code: chain[0] for code, chain in chains.items()})
    place, _ = build_place(succeeding(old, pairs), None, "invented")
    assert place.content_hash == build_place(base, None, "invented")[0].content_hash


@settings(max_examples=25)
@given(part=st.floats(0.01, 0.99), merged=st.sets(st.sampled_from(["RZ1", "RZ2", "RZ3", "RZ6"]), min_size=1))
def test_parts_of_a_merged_provider_give_the_place_of_the_whole(
    base: Publications, part: float, merged: set[str]
) -> None:
    def divided(rows: list[Flow]) -> list[Flow]:
        found = [row for row in rows if row.provider not in merged]
        for row in rows:
            if row.provider in merged:
                found += [
                    dataclasses.replace(row, amount=row.amount * part),
                    dataclasses.replace(row, provider=f"OLD{row.provider}", amount=row.amount * (1.0 - part)),
                ]
        return found

    beds: dict[str, Beds] = {}
    for code, row in base.beds.items():
        beds[code] = row
        if code in merged and row.occupied is not None:
            beds[code] = dataclasses.replace(
                row, available=row.available * part, occupied=row.occupied * part
            )
            beds[f"OLD{code}"] = dataclasses.replace(
                row, available=row.available * (1.0 - part), occupied=row.occupied * (1.0 - part)
            )
    parts = dataclasses.replace(base, flows=divided(base.flows), use=divided(base.use), beds=beds)
    pairs = [(f"OLD{code}", code) for code in sorted(merged)]
    found, told = build_place(succeeding(parts, pairs), ["99A", "99B"], "invented")
    whole, _ = build_place(base, ["99A", "99B"], "invented")
    assert found.organisation_id == whole.organisation_id
    for name in (
        "population_served",
        "beds",
        "occupancy_start",
        "outside_share",
        "flow_of_place",
        "use_share",
    ):
        np.testing.assert_allclose(getattr(found, name), getattr(whole, name), rtol=1e-9, err_msg=name)
    assert all(math.isclose(before, after, rel_tol=1e-6) for before, after in totals(told))


@settings(max_examples=60)
@given(
    pairs=st.lists(
        st.tuples(st.sampled_from([*CODES, "X1", "X2", "X3"]), st.sampled_from([*CODES, "X1", "X2", "X3"])),
        max_size=25,
    ),
    renamed=st.dictionaries(st.sampled_from(CODES), st.sampled_from(["X1", "X2", "X3", "X4"]), max_size=3),
)
def test_totals_of_every_table_survive_any_successions(
    base: Publications, pairs: list[tuple[str, str]], renamed: dict[str, str]
) -> None:
    apart = {code: f"{new}{code}" for code, new in renamed.items()}
    links = [(f"{new}{code}", new) for code, new in renamed.items()]
    data = succeeding(recoded(base, apart), [*links, *(pair for pair in pairs if pair[0] != pair[1])])
    told = Reconciliation()
    matched = match(data, None, told)
    chosen = sorted(matched.members)
    used = sorted({provider for code in chosen for provider in matched.flows[code]})
    people, outside = catchments(matched, chosen, used, "flows.csv", told)
    found = totals(told)
    assert len(found) == TABLES_TOLD or not chosen
    assert all(math.isclose(before, after, rel_tol=1e-6) for before, after in found)
    assert not any("should agree" in entry.message for entry in told.entries)
    assert math.isclose(sum(people), sum_of_published(matched, chosen), rel_tol=1e-9)
    assert np.all((outside >= 0.0) & (outside <= 1.0))
    beds = matched.providers.add_up({code: row.available for code, row in data.beds.items()})
    assert math.isclose(sum(beds.values()), sum(row.available for row in base.beds.values()))


def sum_of_published(matched: Matched, chosen: list[str]) -> float:
    """Add up the catchments by the codes as published, each by itself."""
    total = 0.0
    for provider in {provider for code in chosen for provider in matched.published[code]}:
        users = [code for code in chosen if provider in matched.published[code]]
        inside = sum(matched.published[code][provider] * matched.people(code) for code in users)
        shares = [matched.of_provider.get((code, provider), math.nan) for code in users]
        is_given = 0.0 < math.fsum(shares) <= 1.0
        total += inside / math.fsum(shares) if is_given else inside
    return total


def test_a_merged_provider_has_the_people_of_its_parts(base: Publications) -> None:
    """The shares are those of two trusts in the flows of 2018 that merged in 2022."""
    rows = [Flow("99A", "OLD", 0.02026, 0.07735, None), Flow("99A", "RZ6", 0.01335, 0.01721, None)]
    filler = Flow("99A", "RZ1", 0.9, None, None)
    data = succeeding(dataclasses.replace(base, flows=[*rows, filler], use=[]), [("OLD", "RZ6")])
    matched = match(data, ["99A"], Reconciliation())
    (people,), (outside,) = catchments(matched, ["99A"], ["RZ6"], "flows.csv", Reconciliation())
    parts = (0.02026 * 46900 / 0.07735, 0.01335 * 46900 / 0.01721)
    assert people == pytest.approx(sum(parts))
    assert outside == pytest.approx(1.0 - (0.02026 + 0.01335) * 46900 / sum(parts))


def test_commissioners_that_merged_are_weighted_by_their_patients(base: Publications) -> None:
    rows = [
        Flow("OLD1", "RZ1", 0.9, 0.3, 9000.0),
        Flow("OLD1", "RZ2", 0.1, 0.1, 1000.0),
        Flow("OLD2", "RZ1", 0.5, 0.5, 15000.0),
    ]
    data = succeeding(dataclasses.replace(base, flows=rows), [("OLD1", "99A"), ("OLD2", "99A")])
    matched = match(data, ["99A"], Reconciliation())
    assert matched.flows["99A"] == pytest.approx({"RZ1": (9000 + 15000) / 40000, "RZ2": 1000 / 40000})
    assert matched.of_provider["99A", "RZ1"] == pytest.approx(0.8)


def test_practices_that_merged_are_weighted_by_their_lists(base: Publications) -> None:
    data = recoded(base, {"Z90002": "OLD2"})
    data = succeeding(
        dataclasses.replace(
            data, practices={code: row for code, row in base.practices.items() if code != "Z90002"}
        ),
        [("OLD2", "Z90001")],
    )
    told = Reconciliation()
    matched = match(data, None, told)
    assert matched.lists["Z90001"] == 4000 + 4900
    assert matched.use["Z90001"]["RZ1"] == pytest.approx((0.72 * 4000 + 0.68 * 4900) / 8900)
    assert "OLD2 to Z90001" in told.text(is_full=True)


def test_practices_follow_their_commissioner_to_the_one_in_later_flows(base: Publications) -> None:
    rows = [dataclasses.replace(row, user="99N") for row in base.flows if row.user == "99B"]
    data = succeeding(dataclasses.replace(base, flows=rows), [("99A", "99N"), ("99B", "99N")])
    matched = match(data, None, Reconciliation())
    assert len(matched.members["99N"]) == 7 + 6
    with pytest.raises(InvalidInput, match="'99A' became 99N"):
        build_place(data, ["99A"], "west")


def test_a_split_is_divided_equally_and_told(base: Publications) -> None:
    rows = [dataclasses.replace(row, provider="OLD") if row.provider == "RZ2" else row for row in base.flows]
    data = succeeding(dataclasses.replace(base, flows=rows), [("OLD", "RZ2"), ("OLD", "RZ3")])
    told = Reconciliation()
    matched = match(data, None, told)
    assert matched.flows["99B"] == pytest.approx({"RZ1": 0.1, "RZ2": 0.4, "RZ3": 0.46})
    assert "OLD to RZ2 (part 0.5) and RZ3 (part 0.5)" in told.text(is_full=True)


def test_codes_that_go_round_in_a_circle_are_told_and_lose_nothing(base: Publications) -> None:
    rows = [dataclasses.replace(row, provider="OLD1") if row.provider == "RZ2" else row for row in base.flows]
    data = succeeding(dataclasses.replace(base, flows=rows), [("OLD1", "OLD2"), ("OLD2", "OLD1")])
    told = Reconciliation()
    matched = match(data, None, told)
    assert matched.flows["99B"]["OLD1"] == pytest.approx(0.8)
    (entry,) = [entry for entry in told.entries if "in a circle" in entry.message]
    assert entry.codes == ("OLD1", "OLD2")


def test_patients_of_practices_are_taken_for_numbers_not_shares(base: Publications) -> None:
    rows = [Flow("Z90001", "RZ1", 300.0, None, 300.0), Flow("Z90001", "RZ2", 100.0, None, 100.0)]
    matched = match(dataclasses.replace(base, use=rows), None, Reconciliation())
    assert matched.use == {"Z90001": {"RZ1": 0.75, "RZ2": 0.25}}


def test_many_splits_in_a_row_are_followed_at_once() -> None:
    levels = 60
    rules = Successions(
        Succession(f"{level}{side}", f"{level + 1}{new}", None)
        for level in range(levels)
        for side in "ab"
        for new in "ab"
    )
    ends = {f"{levels}a", f"{levels}b"}
    assert Codes(rules, ends).parts("0a") == pytest.approx(dict.fromkeys(ends, 0.5))


def test_totals_that_differ_are_told_as_a_fault() -> None:
    told = Reconciliation()
    tell_total(told, "beds.csv", "open beds", 100.0, 90.0)
    assert told.entries[0].message.endswith("the totals should agree, please report this")


def test_a_provider_merged_in_the_publishers_files_keeps_its_people() -> None:
    folder = os.environ.get("ABM_DATA_DIR")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set ABM_DATA_DIR to a folder with the publishers' files (docs/guides/places.md)")
    data = read_folder(folder)
    later = dataclasses.replace(data, providers={c: row for c, row in data.providers.items() if c != "RBZ"})
    merged, told = build_place(later, ["11N"], "merged")
    matched = match(data, ["11N"], Reconciliation())
    parts, _ = catchments(matched, ["11N"], ["RBZ", "RH8"], "", Reconciliation())
    assert people_of(merged, "RH8") == pytest.approx(float(parts.sum()))
    assert all(math.isclose(before, after, rel_tol=1e-6) for before, after in totals(told))
