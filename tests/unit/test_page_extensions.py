"""A page started with an extension shows its lever, measure and events; no link and no upload brings code to it."""

import pickle
import time
from pathlib import Path

import numpy as np
import pytest

from abm.errors import InvalidInput
from abm.interface.page.background.course import simulate_course
from abm.interface.page.background.limits import Limits
from abm.interface.page.background.simulations import sample
from abm.interface.page.background.workshop import Workshop
from abm.interface.page.compare.compare_tab import panels_of
from abm.interface.page.compare.comparison_state import ComparisonState
from abm.interface.page.explore.explore_tab import measure_row, panel_of, told_marks
from abm.interface.page.landscape.landscape_state import LandscapeState, choose
from abm.interface.page.landscape.response_survey import question_at, row_of
from abm.interface.page.session.chronicle import EXTENSION
from abm.interface.page.session.download import command_line, scenario_file
from abm.interface.page.session.lever_records import lever_groups, lever_records, lever_states
from abm.interface.page.session.link import View, from_query, to_query
from abm.interface.page.session.opening import link_of_scenario
from abm.interface.page.session.question import Question
from abm.interface.page.session.upload import uploaded
from abm.interface.page.session.visit_state import Session, first_measures, is_done_at_once
from abm.scenarios.extensionfile import load_extensions
from abm.scenarios.scenario import load_scenario

EXAMPLES = Path(__file__).parents[2] / "docs" / "guides" / "examples"
FILE, SCENARIO = EXAMPLES / "peer_support.py", EXAMPLES / "peer_support.yaml"
LIMITS = Limits(replicates=4, workers=1)
PATIENCE = 90.0


@pytest.fixture(scope="module")
def extensions():
    return load_extensions([FILE])


@pytest.fixture(scope="module")
def question(extensions):
    query, _ = link_of_scenario(str(SCENARIO), (), LIMITS)
    return from_query(f"{query}&years=3", LIMITS, extensions).question


@pytest.fixture(scope="module")
def workshop(extensions):
    workshop = Workshop.within(LIMITS, extensions)
    yield workshop
    workshop.close()


def until(condition):
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.01)


def test_a_page_opens_a_scenario_with_the_extensions_that_it_names(extensions):
    query, found = link_of_scenario(str(SCENARIO), (), LIMITS)
    assert found == extensions
    opened = from_query(query, LIMITS, found).question
    assert opened.scenario.content_hash == load_scenario(SCENARIO).content_hash


def test_a_shipped_scenario_opens_as_itself_with_an_extension_beside(extensions):
    query, found = link_of_scenario("leadership_with_reform", [str(FILE)], LIMITS)
    assert found == extensions
    opened = from_query(query, LIMITS, found).question
    assert (opened.preset, dict(opened.levers)) == ("leadership_with_reform", {})


def test_a_scenario_at_a_place_of_its_own_is_refused_with_what_to_do(tmp_path):
    place = tmp_path / "elsewhere.yaml"
    place.write_text((EXAMPLES.parents[2] / "scenarios" / "places" / "rural.yaml").read_text())
    file = tmp_path / "own.yaml"
    file.write_text("name: own\nplace: ./elsewhere.yaml\n")
    with pytest.raises(InvalidInput, match=r"does not come with abm \(elsewhere.yaml\).*'place: NAME'"):
        link_of_scenario(str(file), (), LIMITS)


def test_a_link_of_a_page_with_an_extension_opens_there_and_is_refused_elsewhere(question, extensions):
    view = View(question, month=36, measure="peer_visits", size=4)
    query = to_query(view)
    assert query.startswith("extension=peer_support")
    assert from_query(query, LIMITS, extensions) == view
    with pytest.raises(
        InvalidInput,
        match=r"'peer_support'.*is code that this page was not started with.*abm app --extension FILE",
    ):
        from_query(query, LIMITS)


def test_a_link_without_extensions_opens_on_a_page_that_has_some(extensions):
    opened = from_query("preset=baseline", LIMITS, extensions).question
    assert "peer.sessions" in opened.scenario.catalogue.levers


def test_an_upload_that_names_an_extension_of_the_page_is_asked_and_any_other_is_refused(extensions):
    text = SCENARIO.read_text()
    asked = uploaded(text, 64_000, Question(extensions=extensions))
    assert asked.scenario.content_hash == load_scenario(SCENARIO).content_hash
    with pytest.raises(
        InvalidInput,
        match=r"'./peer_support.py' is code that this page was not started with.*--extension FILE",
    ):
        uploaded(text, 64_000, Question())
    other = text.replace("[./peer_support.py]", "[/tmp/peer_support.py, ./other.py, os]")
    with pytest.raises(InvalidInput) as refusal:
        uploaded(other, 64_000, Question(extensions=extensions))
    assert [problem.line for problem in refusal.value.problems] == [7, 7]


def test_the_lever_stands_on_the_panel_in_a_group_of_its_own(question, extensions):
    levers = extensions.catalogue.levers
    assert {"name": "peer", "label": "Peer"} in lever_groups(levers)
    record = next(record for record in lever_records(levers) if record["name"] == "peer.sessions")
    assert (record["label"], record["high"]) == ("Peer visits", 12.0)
    assert lever_states(question)["peer.sessions"]["form"] == "step"
    moved = question.with_value("peer.sessions", 3.0, 24)
    assert moved.scenario.policy.settings["peer.sessions"].values(36)[30] == 3.0


def test_its_code_runs_in_workers_only(question):
    assert is_done_at_once(Question(), 1)
    assert not is_done_at_once(question, 1)
    assert pickle.loads(pickle.dumps(question.scenario)) == question.scenario


def test_a_session_shows_its_measure_and_its_events(question, extensions, workshop):
    session = Session("anna", workshop, LIMITS, to_query(View(question)), extensions=extensions)
    try:
        until(lambda: session.answer.value is not None)
        answer = session.answer.value
        assert "peer_visits" in first_measures(answer)
        assert measure_row(answer, "peer_visits", 36)["label"] == "Peer visits"
        assert np.nansum(answer.course.measure("peer_visits")) > 0.0
        assert np.nansum(answer.reference.measure("peer_visits")) == 0.0
        told = [entry.text for entry in answer.entries if entry.kind == EXTENSION]
        assert told and told[0].startswith("Peer visits: the first of this run")
        assert "Peer visits rises from 0 to 12." in [entry.text for entry in answer.entries]
        (mark,) = [mark for mark in answer.marks if mark.lever == "peer.sessions"]
        (shown,) = told_marks([mark], extensions.catalogue.levers)
        assert shown["label"] == "Peer visits 12"
        until(lambda: session.sample.value is not None and session.sample.value.size == 4)
        assert panel_of(session, answer, "peer_visits").measure.label == "Peer visits"

        comparison = ComparisonState(session)
        comparison.choose(0, "mine")
        comparison.refresh()
        until(lambda: comparison.sample.value is not None)
        contest = comparison.contest.value
        measure, *_ = panels_of(contest, comparison.sample.value, "peer_visits")
        assert measure.measure.label == "Peer visits"

        landscape = LandscapeState(session, None)
        choose(landscape, {"field": "response", "value": "peer_visits"})
        assert landscape.response.value == "peer_visits"
        surface = landscape.survey.value.surface
        scenario = question_at(session.question.value, surface, (0, 0, 0)).scenario
        assert "peer_visits" in row_of([scenario], 1, 2).values
    finally:
        session.close()


def test_what_is_taken_away_names_the_file_and_not_its_folder(question, tmp_path):
    file = scenario_file(question)
    (tmp_path / file.name).write_bytes(file.content)
    (tmp_path / FILE.name).write_bytes(FILE.read_bytes())
    assert str(EXAMPLES) not in file.content.decode()
    assert load_scenario(tmp_path / file.name).content_hash == question.scenario.content_hash
    assert command_line(question, 20).endswith("--replicates 20 --extension ./peer_support.py")


def test_an_extension_that_changes_nothing_leaves_every_replicate_as_it_was(extensions):
    plain = Question(place="south_somerset", years=2.0)
    with_it = Question(place="south_somerset", years=2.0, extensions=extensions)
    first, second = (sample([one.scenario], 1, range(2)) for one in (plain, with_it))
    for name in first.measures:
        np.testing.assert_array_equal(first.measure(0, name), second.measure(0, name))
    course = simulate_course(with_it.scenario, 1, 0)
    assert not course.measure("peer_visits").any()


def test_an_extension_that_fails_costs_its_run_and_not_the_page(tmp_path, caplog):
    file = tmp_path / "peer_support.py"
    file.write_text(
        FILE.read_text().replace("    first, second = ", "    raise SystemExit(3)\n    first, second = ", 1)
    )
    failing = load_extensions([file])
    workshop = Workshop.within(LIMITS, failing)
    try:
        workshop.warm()
        workshop.wait_until_prepared()
        session = Session("bert", workshop, LIMITS, "place=south_somerset&years=2", extensions=failing)
        until(lambda: session.notice.value)
        assert "An extension may be at fault" in session.notice.value
        assert session.answer.value is None and not session.is_busy.value
        assert "the work of a visitor was lost" in caplog.text
        session.close()
    finally:
        workshop.close()
