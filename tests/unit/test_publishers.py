"""What building a place from the publishers' files promises: codes are followed, and none is lost silently."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.errors import InvalidInput
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import simulate_lanes
from abm.world.built import read_built, told_of, write_built
from abm.world.place import OrganisationKind, Place, TieKind
from abm.world.place_loading import load_place
from abm.world.publishers import Publications, Reconciliation, build_place, read_folder
from abm.world.publishers.gazetteer import BY_DISTRICT, BY_SECTOR, EXACT, Gazetteer, project
from abm.world.publishers.naming import readable
from abm.world.publishers.publications import Beds, Body, Succession
from abm.world.publishers.sheets import as_date
from abm.world.publishers.successions import Successions, presumed_successions

FILES = Path(__file__).parents[1] / "data" / "ods"


@pytest.fixture(scope="module")
def data() -> Publications:
    """Read the invented files."""
    return read_folder(FILES)


@pytest.fixture(scope="module")
def built(data: Publications) -> tuple[Place, Reconciliation]:
    """Build every commissioner of the invented files."""
    return build_place(data, None, "invented")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copy the invented files, to be damaged."""
    return Path(shutil.copytree(FILES, tmp_path / "ods"))


def row_of(place: Place, identity: str) -> int:
    return place.organisation_id.index(identity)


def edit(file: Path, change: Callable[[str], str]) -> None:
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read_folder(folder)
    return [str(problem) for problem in caught.value.problems]


def told(built: tuple[Place, Reconciliation], words: str) -> tuple[str, ...]:
    """Return the codes of the one entry with some words."""
    (entry,) = [entry for entry in built[1].entries if words in entry.message]
    return entry.codes


def test_practices_with_lists_become_the_places_of_their_commissioners(
    built: tuple[Place, Reconciliation],
) -> None:
    place = built[0]
    assert place.place_names == ("Westshire", "Eastshire", "Northshire")
    practices = place.of_kind(OrganisationKind.PRACTICE)
    assert [place.organisation_id[row] for row in practices][:2] == ["Z90001", "Z90002"]
    assert np.bincount(place.organisation_place[practices]).tolist() == [7, 6, 2]
    assert place.population.tolist() == [46900.0, 42000.0, 15000.0]
    assert place.population_served[row_of(place, "Z90003")] == 5800.0


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("open practices have no list", ("Z90008",)),
        ("unknown to the table of practices", ("Z90999",)),
        ("not open general practices there", ("Z90009",)),
        ("have another commissioner here", ("99D to 99X (2)",)),
        ("commissioners are not in the table; flows summed", ("99D",)),
        ("no flows in any table", ("99E",)),
        ("have flows but no open practice", ("99C (closed 2015-03-31)",)),
        ("changed their code", ("RY1 to RZ1", "RY2 to RZ1")),
        ("not in the table of providers", ("RZ9",)),
        ("their use counts as outside", ("RZ9",)),
        ("open practices are not in the table", ("Z90106", "Z90301")),
        ("not open with a list", ("Z90009",)),
        ("in the middle of their district", ("Z90106",)),
        ("presumed to be the one at their postcode", ("RX7 to RZ6",)),
        ("beds left out", ("RX8",)),
        ("had closed by the day of the lists, 2021-01-01", ("99B (closed 2020-03-31)",)),
    ],
)
def test_every_code_that_does_not_match_is_told(
    words: str, codes: tuple[str, ...], built: tuple[Place, Reconciliation]
) -> None:
    assert told(built, words) == codes


def test_every_row_of_every_file_is_used_or_told(
    data: Publications, built: tuple[Place, Reconciliation]
) -> None:
    place, report = built
    text = report.text(is_full=True)
    general = [row.code for row in data.practices.values() if row.status == "A" and row.setting == "4"]
    for code in {*general, *data.lists, *(row.user for row in data.use)}:
        assert code in place.organisation_id or code in text, code
    for code in {row.provider for row in [*data.flows, *data.use]}:
        assert code in place.organisation_id or code in text, code
    for code in data.beds:
        assert code in place.organisation_id or code in text, code


def test_vintages_that_differ_are_told(built: tuple[Place, Reconciliation]) -> None:
    text = built[1].text()
    assert "of different times (providers 2015-04-01, practices 2018-04-01, list sizes 2021-01-01)" in text
    assert "the latest date is 2021-01-01" in text


def test_files_without_a_date_are_listed_with_the_years_they_mention(tmp_path: Path) -> None:
    for file in FILES.glob("*.csv"):
        shutil.copy(file, tmp_path / ("beds_2014q1_of_99999.csv" if file.name == "beds.csv" else file.name))
    _, told = build_place(read_folder(tmp_path), ["99A"], "west")
    unknown = [entry.message for entry in told.entries if entry.message.startswith("no date is known")]
    dated = "; its name and columns mention 2014, which may be other dates"
    assert unknown == [
        f"no date is known of beds (beds_2014q1_of_99999.csv){dated}",
        "no date is known of flows of commissioners (flows.csv)",
        "no date is known of coordinates (postcodes.csv)",
        "no date is known of use by practices (practice_use.csv)",
    ]


def test_flows_of_merged_providers_add_up(built: tuple[Place, Reconciliation]) -> None:
    place = built[0]
    west = place.flow_place == 0
    flows = dict(zip(place.flow_provider[west].tolist(), place.flow_of_place[west].tolist(), strict=True))
    assert flows[row_of(place, "RZ1")] == pytest.approx(0.7)
    assert flows[row_of(place, "RZ2")] == pytest.approx(0.15)


def test_beds_follow_chains_mergers_and_splits(built: tuple[Place, Reconciliation]) -> None:
    place = built[0]
    beds = {place.organisation_id[row]: place.beds[row] for row in range(place.acute_providers)}
    assert beds["RZ1"] == 300 + 120
    assert beds["RZ2"] == 400 + 25
    assert beds["RZ3"] == 25
    assert beds["RZ6"] == 210
    occupied = place.occupancy_start[row_of(place, "RZ1")]
    assert occupied == pytest.approx((261 + 108) / 420)


def test_catchments_come_from_the_providers_shares_where_given(data: Publications) -> None:
    place, _ = build_place(data, ["99A"], "west")
    row = row_of(place, "RZ2")
    assert place.population_served[row] == pytest.approx(0.15 * 46900 / 0.2)
    assert place.outside_share[row] == pytest.approx(0.8)


def test_flows_of_a_commissioner_without_a_row_are_its_practices(built: tuple[Place, Reconciliation]) -> None:
    place = built[0]
    north = place.flow_place == 2
    flows = dict(zip(place.flow_provider[north].tolist(), place.flow_of_place[north].tolist(), strict=True))
    assert flows[row_of(place, "RZ6")] == pytest.approx((0.9 * 8000 + 0.6 * 7000) / 15000)


def test_practices_use_what_the_table_says_from_a_twentieth(built: tuple[Place, Reconciliation]) -> None:
    place = built[0]
    practice = row_of(place, "Z90001")
    ties = (place.tie_kind == TieKind.HOSPITAL_PRACTICE) & (place.tie_ends[:, 1] == practice)
    shares = {
        place.organisation_id[row]: share
        for row, share in zip(place.tie_ends[ties, 0].tolist(), place.use_share[ties].tolist(), strict=True)
    }
    assert shares["RZ4"] == pytest.approx(0.25)
    assert shares["RZ1"] / shares["RZ2"] == pytest.approx(7.2)


def test_positions_are_kilometres_apart(built: tuple[Place, Reconciliation]) -> None:
    place = built[0]
    west, east = place.position[row_of(place, "RZ1")], place.position[row_of(place, "RZ2")]
    assert east[0] - west[0] == pytest.approx(35.0, abs=0.6)
    assert east[1] - west[1] == pytest.approx(0.0, abs=0.02)


def test_community_services_are_the_nearest_and_no_ambulances(built: tuple[Place, Reconciliation]) -> None:
    place = built[0]
    rows = place.of_kind(OrganisationKind.COMMUNITY)
    assert [place.organisation_name[row] for row in rows] == ["West and East Community Healthcare NHS Trust"]


def test_a_built_place_comes_back_the_same_and_its_file_too(
    built: tuple[Place, Reconciliation], tmp_path: Path
) -> None:
    first, second = tmp_path / "a.npz", tmp_path / "b.npz"
    write_built(built[0], first, "how")
    write_built(built[0], second, "how")
    assert load_place(first).content_hash == built[0].content_hash
    assert first.read_bytes() == second.read_bytes()
    assert told_of(first) == "how"


def test_a_built_place_carries_a_scenario(built: tuple[Place, Reconciliation], tmp_path: Path) -> None:
    write_built(built[0], tmp_path / "west.npz", "how")
    file = tmp_path / "calm.yaml"
    file.write_text("name: calm\nplace: west.npz\nhorizon_years: 0.25\n", encoding="utf-8")
    scenario = load_scenario(file)
    before = scenario.content_hash
    series, _ = simulate_lanes([scenario], [1], [0])
    assert np.isfinite(series[:, 0]).all()
    write_built(built[0], tmp_path / "west.npz", "otherwise")
    assert load_scenario(file).content_hash != before


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"text"])
def test_a_damaged_built_place_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="build it again"):
        read_built(path)
    scenario = tmp_path / "calm.yaml"
    scenario.write_text("name: calm\nplace: broken.npz\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="build it again"):
        load_scenario(scenario)


def test_a_missing_built_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_built(tmp_path / "none.npz")


def test_without_a_table_of_use_it_is_drawn_around_the_commissioners(folder: Path) -> None:
    (folder / "practice_use.csv").unlink()
    place, report = build_place(read_folder(folder), ["99A", "99B"], "drawn")
    assert "drawn around the commissioner's" in report.text()
    ties = (place.tie_kind == TieKind.HOSPITAL_PRACTICE) & (place.tie_ends[:, 0] < place.acute_providers)
    assert place.use_share[ties].min() > 0.0


def test_optional_files_may_be_missing(folder: Path) -> None:
    for name in ("beds.csv", "successions.csv", "practice_use.csv"):
        (folder / name).unlink()
    edit(folder / "flows.csv", lambda text: text.replace("RY1", "RZ1").replace("99A,RY2,0.2,0.85\n", ""))
    place, report = build_place(read_folder(folder), ["99B"], "east")
    text = report.text()
    assert "assumed one for 430 people" in text
    assert "assumed 87%" in text
    assert place.beds.min() >= 1.0


def test_numbers_of_patients_do_instead_of_shares(folder: Path) -> None:
    file = folder / "flows.csv"
    file.write_text(
        "commissioner_code,provider_code,patients\n99A,RZ1,30000\n99A,RZ2,10000\n", encoding="utf-8"
    )
    place, _ = build_place(read_folder(folder), ["99A"], "west")
    np.testing.assert_allclose(place.flow_of_place, [0.75, 0.25])


def test_files_may_be_compressed_and_lie_in_folders(folder: Path) -> None:
    import gzip

    (folder / "raw").mkdir()
    for name in ("epraccur.csv", "etr.csv"):
        (folder / name).rename(folder / "raw" / name)
    use = folder / "practice_use.csv"
    (folder / "practice_use.csv.gz").write_bytes(gzip.compress(use.read_bytes()))
    use.unlink()
    (folder / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    place, report = build_place(read_folder(folder), ["99A"], "west")
    assert len(place.place_names) == 1
    assert "notes.csv\n  not used" in report.text()


def test_the_order_of_rows_does_not_matter(folder: Path, data: Publications) -> None:
    for name in ("epraccur.csv", "etr.csv", "eccg.csv"):
        edit(folder / name, lambda text: "".join(reversed(text.splitlines(keepends=True))))
    turned, _ = build_place(read_folder(folder), None, "invented")
    assert turned.content_hash == build_place(data, None, "invented")[0].content_hash


@pytest.mark.parametrize(
    ("name", "change", "line", "words"),
    [
        ("epraccur.csv", lambda text: "Z1,short\n" + text, 1, "row has 2 columns, not 27"),
        ("epraccur.csv", lambda text: text + text.splitlines()[0] + "\n", 20, "'Z90001' is given twice"),
        ("epraccur.csv", lambda text: text.replace("20120331", "20121331"), 14, "close date is"),
        ("etr.csv", lambda text: text.replace('"RZ2"', '""', 1), 2, "code is empty"),
        ("eccg.csv", lambda text: text.replace("20130401", "yesterday", 1), 1, "'yesterday'"),
        (
            "gp-reg-pat-prac-all.csv",
            lambda text: text.replace(",4900\n", ",many\n"),
            3,
            "'many'; it should be a number",
        ),
        ("gp-reg-pat-prac-all.csv", lambda text: text.replace(",4900\n", ",-1\n"), 3, "'-1'"),
        ("flows.csv", lambda text: text.replace("99A,RY1,0.5", "99A,RY1,1.5"), 2, "share is '1.5'"),
        ("flows.csv", lambda text: text.replace("99A,RY2", "99A,RY1"), 3, "given twice"),
        ("flows.csv", lambda text: text.replace("99A,RY1,0.5", "99A,RY1,0.9"), None, "'99A' add up to 1.34"),
        ("postcodes.csv", lambda text: text.replace("51.6,-3.02", "151.6,-3.02"), 6, "latitude is '151.6'"),
        ("successions.csv", lambda text: text + "RA1,RA1,2020-01-01\n", 9, "succeeds itself"),
        ("beds.csv", lambda text: text.replace("RX1,300", "RX1,lots"), 2, "beds is 'lots'"),
    ],
)
def test_a_fault_of_a_row_is_told_with_its_line(
    name: str, change: Callable[[str], str], line: int | None, words: str, folder: Path
) -> None:
    edit(folder / name, change)
    found = [problem for problem in problems_of(folder) if any(word in problem for word in words.split("|"))]
    assert found, problems_of(folder)
    assert found[0].split("  ")[0].endswith(name if line is None else f"{name}:{line}")


def test_all_faults_of_all_files_are_told_together(folder: Path) -> None:
    edit(folder / "etr.csv", lambda text: text.replace('"RZ2"', '""', 1))
    edit(folder / "beds.csv", lambda text: text.replace("RX1,300", "RX1,lots"))
    (folder / "eccg.csv").unlink()
    found = problems_of(folder)
    assert len(found) == 3
    assert any("holds no commissioners; add eccg.csv" in problem for problem in found)


def test_many_rows_of_a_wrong_file_are_counted_not_listed(folder: Path) -> None:
    (folder / "etr.csv").write_text("a,b\n" * 50, encoding="utf-8")
    found = [problem for problem in problems_of(folder) if "etr.csv" in problem]
    assert len(found) == 4
    assert any("47 more rows" in problem for problem in found)


def test_two_files_for_one_purpose_are_refused(folder: Path) -> None:
    shutil.copy(folder / "flows.csv", folder / "more_flows.csv")
    assert any("keep one of the two" in problem for problem in problems_of(folder))


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b broken"])
def test_files_that_cannot_be_read_are_refused(content: bytes, folder: Path) -> None:
    (folder / "epraccur.csv").unlink()
    (folder / "epraccur.csv.gz").write_bytes(content)
    assert any("epraccur.csv.gz" in problem for problem in problems_of(folder))


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "is not a folder" in problems_of(tmp_path / "nowhere")[0]


@pytest.mark.parametrize(
    ("code", "words"),
    [("99Z", "did you mean '99A'|is in neither"), ("99C", "no open practice"), ("99E", "has no flows")],
)
def test_commissioners_that_cannot_be_built_are_told(code: str, words: str, data: Publications) -> None:
    with pytest.raises(InvalidInput) as caught:
        build_place(data, ["99A", code, "99Y"], "none")
    assert len(caught.value.problems) == 2
    assert any(word in str(caught.value) for word in words.split("|"))


def test_without_coordinates_nothing_is_built(folder: Path) -> None:
    (folder / "postcodes.csv").unlink()
    with pytest.raises(InvalidInput, match="postcode, lat and lon"):
        build_place(read_folder(folder), ["99A"], "west")


def test_codes_of_lower_case_and_repeated_ones_are_understood(data: Publications) -> None:
    place, _ = build_place(data, ["99a", "99A "], "west")
    assert place.place_names == ("Westshire",)


def succession(*pairs: str) -> Successions:
    return Successions([Succession(*pair.split(">"), None) for pair in pairs])


def test_successions_are_followed_through_chains_and_mergers() -> None:
    known = {"RH5", "X"}
    rules = succession("A>B", "B>RH5", "RBA>RH5", "C>A", "C>X")
    assert rules.resolve("A", known) == {"RH5": 1.0}
    assert rules.resolve("RBA", known) == {"RH5": 1.0}
    assert rules.resolve("C", known) == {"RH5": 0.5, "X": 0.5}
    assert rules.resolve("RH5", known) == {"RH5": 1.0}
    assert rules.resolve("unknown", known) == {}


def test_a_code_in_use_is_not_followed_further() -> None:
    assert succession("RBZ>RH8").resolve("RBZ", {"RBZ", "RH8"}) == {"RBZ": 1.0}


def test_branches_that_end_nowhere_give_their_part_to_the_others() -> None:
    assert succession("A>lost", "A>B", "B>A").resolve("A", {"B"}) == {"B": 1.0}
    assert succession("A>B", "B>A").resolve("A", {"C"}) == {}


@given(
    st.lists(st.tuples(st.sampled_from("ABCDEFGH"), st.sampled_from("ABCDEFGH")), max_size=20),
    st.sets(st.sampled_from("ABCDEFGH")),
)
def test_parts_of_any_succession_add_up_or_are_none(pairs: list[tuple[str, str]], known: set[str]) -> None:
    rules = Successions([Succession(old, new, None) for old, new in pairs if old != new])
    for code in "ABCDEFGH":
        parts = rules.resolve(code, known)
        assert set(parts) <= known
        assert not parts or math.isclose(sum(parts.values()), 1.0)


def test_a_successor_is_presumed_at_the_same_address_only_where_there_is_one() -> None:
    day = as_date("20200331")
    beds = {"RBA": Beds(554.0, 433.0, "TA15DA", day), "RH5": Beds(0.0, None, "TA15DA", None)}
    heirs = {"RH5": Body("RH5", "SOMERSET", "TA15DA", None, None)}
    (found,) = presumed_successions(beds, heirs, succession())
    assert (found.old, found.new) == ("RBA", "RH5")
    assert presumed_successions(beds, heirs, succession("RBA>X")) == []
    two = {**heirs, "RH6": Body("RH6", "OTHER", "TA15DA", None, None)}
    assert presumed_successions(beds, two, succession()) == []


def test_postcodes_are_found_exactly_or_by_their_surroundings() -> None:
    gazetteer = Gazetteer({"TA15DA": (51.0, -3.0), "TA15DB": (51.2, -3.2), "TA19XX": (51.4, -3.4)})
    assert gazetteer.find("TA15DA") == ((51.0, -3.0), EXACT)
    point, how = gazetteer.find("TA15ZZ")
    assert how == BY_SECTOR
    assert point == pytest.approx((51.1, -3.1))
    assert gazetteer.find("TA12ZZ")[1] == BY_DISTRICT
    assert gazetteer.find("BS11AA") == (None, "")


def test_a_degree_north_is_111_kilometres() -> None:
    found = project(np.array([[52.0, 0.0], [51.0, 1.0]]), (51.0, 0.0))
    np.testing.assert_allclose(found, [[0.0, 111.19], [69.98, 0.0]], atol=0.02)


@pytest.mark.parametrize(
    ("given_name", "wanted"),
    [
        ("SOMERSET NHS FOUNDATION TRUST", "Somerset NHS Foundation Trust"),
        ("KING'S COLLEGE HOSPITAL", "King's College Hospital"),
        ("ISLE OF WIGHT", "Isle of Wight"),
        ("", ""),
    ],
)
def test_names_are_written_as_people_do(given_name: str, wanted: str) -> None:
    assert readable(given_name) == wanted


@pytest.mark.parametrize(
    ("text", "is_date"),
    [("20140401", True), ("2014-04-01", True), ("01JAN2021", True), ("20141301", False), ("soon", False)],
)
def test_dates_are_read_as_publishers_write_them(text: str, is_date: bool) -> None:
    assert (as_date(text) is not None) == is_date
