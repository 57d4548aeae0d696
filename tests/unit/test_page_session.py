"""A session keeps runs, bands and words in step with what is asked, and leaves nothing behind."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest
import solara
from ipyvuetify import Html

from abm.errors import AbmError
from abm.interface.page.background.limits import Limits
from abm.interface.page.background.workshop import Workshop
from abm.interface.page.compare.compare_tab import odds_rows, panels_of
from abm.interface.page.compare.comparison_state import ComparisonState
from abm.interface.page.explore.explore_tab import panel_of, told_entries, told_marks
from abm.interface.page.explore.selection_card import described, partner_rows
from abm.interface.page.landscape.landscape_state import LandscapeState, cell_of, choose
from abm.interface.page.landscape.response_survey import question_at, row_of
from abm.interface.page.session.asking import asked, choices
from abm.interface.page.session.lever_records import HEADLINE, lever_groups, lever_records, lever_states
from abm.interface.page.session.link import LEVERS, from_query, to_query
from abm.interface.page.session.question import Question
from abm.interface.page.session.schedule_changes import marks
from abm.interface.page.session.selection_names import found, name_of
from abm.interface.page.session.services import Counter, Services
from abm.interface.page.session.visit_state import Session, first_measures
from abm.interface.page.visit import Page
from abm.interface.page.widgets.picture_tables import difference_table, network_table, series_table
from abm.scenarios.simulate import cached_place
from abm.submodels.quantities import levers

PATIENCE = 90.0
QUERY = "preset=leadership_with_reform&place=south_somerset&years=4&month=20"
LIMITS = Limits(replicates=12, workers=1, years=30)


@pytest.fixture(scope="module")
def workshop():
    workshop = Workshop(workers=1)
    yield workshop
    workshop.close()


@pytest.fixture
def session(workshop):
    session = Session("anna", workshop, LIMITS, QUERY)
    yield session
    session.close()


def until(condition):
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.01)


def test_a_session_opens_a_link_and_has_its_run_at_once(session):
    answer = session.answer.value
    assert answer.question.place == "south_somerset"
    assert answer.course.months == answer.reference.months == 48
    assert session.month.value == 20
    assert f"?{session.query()}".startswith("?preset=leadership_with_reform")
    assert told_entries(answer)


def test_replicates_arrive_and_bands_with_them(session):
    until(lambda: session.sample.value is not None and session.sample.value.size == 12)
    low, own = session.bands("trust")
    assert low.middle.shape == own.middle.shape == (49,)
    assert (session.progress.value.done, session.progress.value.is_running) == (12, False)
    panel = panel_of(session, session.answer.value, "trust")
    heads, rows = series_table([panel], 48)
    assert heads[:2] == ["Year", "Trust, As things were"]
    assert [row[0] for row in rows] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_change_answers_at_once_and_starts_the_replicates_anew(session):
    until(lambda: session.sample.value is not None)
    before = session.answer.value
    assert session.change(lambda now: now.with_value("leadership.effort", 0.0, 20))
    after = session.answer.value
    assert after is not before
    assert after.reference is before.reference
    np.testing.assert_array_equal(after.course.series[:21], before.course.series[:21])
    assert not np.array_equal(after.course.series[48], before.course.series[48])
    until(lambda: session.sample.value is not None and session.sample.value.size == 12)
    np.testing.assert_array_equal(session.sample.value.series[1, :, :, 0], after.course.series)


def test_what_is_not_valid_is_told_and_changes_nothing(session):
    before = session.question.value
    assert not session.change(lambda now: now.with_value("leadership.effort", 9.0, 0))
    assert "0 to 1" in session.notice.value
    assert not session.ask(replace(before, years=90.0))
    assert not session.ask(replace(before, place="/etc/passwd"))
    assert session.question.value is before
    assert session.ask(before)
    assert session.notice.value == ""


def test_a_session_that_opens_while_the_model_is_prepared_answers_afterwards():
    workshop = Workshop(workers=1)
    workshop.warm()
    session = Session("gwen", workshop, LIMITS, QUERY)
    assert session.is_preparing.value
    assert session.answer.value is None
    assert session.change(lambda now: replace(now, seed=5))
    until(lambda: session.answer.value is not None)
    assert session.answer.value.question.seed == 5
    assert session.month.value == 20
    session.close()
    workshop.close()


def test_a_shorter_horizon_takes_the_month_along(session):
    assert session.ask(replace(session.question.value, years=1.5))
    assert session.month.value == 18
    session.show_month(99)
    assert session.month.value == 18


def test_a_large_place_is_simulated_in_the_background(workshop):
    session = Session("ben", workshop, replace(LIMITS, replicates=2), "place=england&years=1.5")
    assert session.answer.value is None
    assert session.is_busy.value
    until(lambda: session.answer.value is not None)
    assert session.answer.value.place.organisations > 8_000
    session.close()


@pytest.mark.parametrize("kind", ["organisation", "tie", "place"])
def test_what_is_selected_is_in_the_link(workshop, kind):
    session = Session("cleo", workshop, LIMITS, QUERY)
    session.select({"kind": kind, "row": 0})
    query = session.query()
    session.close()
    again = Session("dora", workshop, LIMITS, query)
    assert again.selected.value == {"kind": kind, "row": 0}
    assert again.query() == query
    again.close()


@pytest.mark.parametrize("name", ["south_somerset", "england"])
def test_everything_in_a_picture_has_a_name_of_its_own(name):
    place = cached_place(Question(place=name).scenario.place)
    ends = {tuple(pair) for pair in place.tie_ends.tolist()}
    assert len(ends) == place.ties
    assert len(set(place.organisation_id)) == place.organisations
    assert len(set(place.place_names)) == len(place.place_names)
    last = {"organisation": place.organisations, "tie": place.ties, "place": len(place.place_names)}
    for kind, rows in last.items():
        selected = {"kind": kind, "row": rows - 1}
        assert found(place, name_of(place, selected)) == selected
    assert name_of(place, None) == name_of(place, {"kind": "tie", "row": place.ties}) == ""
    assert [found(place, text) for text in ("", "nobody", "tie:a~b", "tie:", "place:Atlantis")] == [None] * 5


def test_a_line_that_is_pointed_at_is_in_the_link(workshop, session):
    pointed = next(n for n, entry in enumerate(session.answer.value.entries) if entry.organisations)
    session.point_at(pointed)
    session.show_month(30)
    again = Session("dora", workshop, LIMITS, session.query())
    assert again.highlighted.value == session.highlighted.value
    assert again.month.value == 30
    assert again.query() == session.query()
    again.close()


def test_a_landscape_and_its_cell_are_in_the_link(workshop):
    query = (
        QUERY.replace("years=4", "years=1.5") + "&tab=landscape&surveyed=yes&cell=2,1,3&response=trust&size=6"
    )
    session = Session("fred", workshop, LIMITS, query)
    assert not session.notice.value
    landscape, comparison = LandscapeState(session, None), ComparisonState(session)
    before = landscape.seen(comparison.seen(session.view()))
    landscape.open()
    assert landscape.picked.value == (2, 1, 3)
    assert landscape.progress.value.is_running
    after = landscape.seen(comparison.seen(session.view()))
    assert after == before == from_query(to_query(after), LIMITS)
    assert (after.cell, after.response, after.size) == ((2, 1, 3), "trust", 6)
    assert session.change(lambda now: replace(now, seed=9))
    assert not landscape.seen(session.view()).is_surveyed
    session.close()


def test_who_leaves_leaves_no_work_behind(workshop):
    session = Session("emil", workshop, replace(LIMITS, replicates=100), QUERY + "&place=urban")
    session.close()
    until(lambda: workshop.waiting() == 0)


@pytest.mark.parametrize("kind", ["organisation", "tie", "place"])
def test_what_is_selected_is_told_with_its_history(session, kind):
    title, facts, panels = described(kind, 0, session.answer.value)
    assert title and facts.endswith(".")
    assert all(len(np.asarray(line.values)) == 49 for panel in panels for line in panel.lines)


def test_partners_are_those_of_the_place(session):
    answer = session.answer.value
    rows = partner_rows(answer.place, answer.course, 0, 20)
    assert len(rows) == int((answer.place.tie_ends == 0).any(axis=1).sum())
    assert [row[2] for row in rows] == sorted((row[2] for row in rows), reverse=True)


def test_every_lever_is_shown_with_how_it_moves(session):
    question = session.question.value.with_schedule(
        "pressure.demand_growth", [{"step": {"at": 1, "to": 0.02}}, {"step": {"at": 2, "to": 0.01}}]
    )
    states = lever_states(question)
    assert list(states) == [record["name"] for record in lever_records(levers())] == list(levers())
    assert states["leadership.effort"]["form"] == "step"
    assert states["leadership.effort"]["start"] == 12
    assert states["leadership.effort"]["source"].startswith("the policy 'Sustained leadership'")
    assert (states["pressure.demand_growth"]["form"], states["pressure.demand_growth"]["edited"]) == (
        "custom",
        True,
    )
    assert states["form.mandate"]["points"] == [[0.0, 0.0], [4.0, 0.0]]
    assert set(HEADLINE) <= set(states)
    assert {name.partition(".")[0] for name in levers()} == {
        group["name"] for group in lever_groups(levers())
    }


def test_the_bar_changes_fields_and_nothing_else(session):
    now = session.question.value
    assert asked(now, "place", "rural").place == "rural"
    assert asked(now, "seed", 7).seed == 7
    assert asked(now, "years", 2).years == 2.0
    assert asked(now, "preset", "baseline").preset == "baseline"
    assert asked(now, "levers", {"x": 1}) is now
    assert asked(now, "seed", "many") is now
    assert {"preset", "place", "reference"} == set(choices())


def test_marks_of_one_month_are_counted():
    scenario = Question().scenario
    assert told_marks(marks(scenario), levers()) == [{"month": 13, "label": "5 levers move"}]
    one = Question.of_preset("baseline").with_value("leadership.effort", 0.5, 12).scenario
    assert told_marks(marks(one), levers()) == [{"month": 13, "label": "Sustained leadership effort 0.5"}]


def test_a_comparison_has_differences_and_emergence_of_pairs(session):
    comparison = ComparisonState(session)
    comparison.refresh()
    until(lambda: comparison.sample.value is not None and comparison.sample.value.size == 12)
    contest = comparison.contest.value
    assert contest.labels == ("As things were", "Sustained leadership", "Leadership with reform")
    first, apart, curves = panels_of(contest, comparison.sample.value, "trust")
    assert len(first.lines) == len(curves.lines) == 3
    assert len(apart.lines) == 2
    rows = odds_rows(contest, comparison.sample.value, "trust")
    assert rows[0]["difference"] is None
    assert rows[2]["from"] < rows[2]["difference"] < rows[2]["to"]


def test_policies_of_a_comparison_are_chosen_by_name_only(session):
    comparison = ComparisonState(session)
    comparison.choose(1, "../secret")
    comparison.choose(0, "")
    comparison.choose(2, "mine")
    assert session.compared.value == ("sustained_leadership", "leadership_with_reform", "mine")
    comparison.choose(1, "")
    comparison.choose(1, "")
    assert len(session.compared.value) == 2


def test_a_comparison_can_be_stopped_and_taken_up_again(session):
    comparison = ComparisonState(session)
    comparison.refresh()
    comparison.stop()
    assert not comparison.progress.value.is_running
    comparison.resize(6)
    until(lambda: comparison.sample.value is not None and comparison.sample.value.size == 6)


def test_a_landscape_is_filled_row_by_row_and_its_cells_can_be_asked(session):
    assert session.ask(replace(session.question.value, years=1.5))
    landscape = LandscapeState(session, None)
    landscape.start()
    until(lambda: not landscape.progress.value.is_running)
    surface = landscape.survey.value.surface
    assert (surface.runs == 8).all()
    assert not np.isnan(surface.values["trust"]).any()
    at = cell_of({"panel": 2, "y": 5, "x": 0}, surface)
    question = question_at(session.question.value, surface, at)
    alone = row_of((question.scenario,), question.seed, 8)
    assert alone.values["trust"][0] == pytest.approx(surface.values["trust"][at], abs=1e-6)
    assert "of 8 runs" in surface.told("emerged_ever", at)
    assert "mean of 8 runs" in surface.told("trust", at)
    assert cell_of({"panel": 9, "y": 0, "x": 0}, surface) is None
    assert cell_of({"panel": "0", "y": 0, "x": 0}, surface) is None


def test_a_country_is_too_large_for_a_landscape(session):
    landscape = LandscapeState(session, None)
    session.question.set(Question(place="england"))
    landscape.start()
    assert "too large" in session.notice.value
    assert not landscape.progress.value.is_running


def test_what_a_landscape_shows_is_chosen_among_what_there_is(session):
    landscape = LandscapeState(session, None)
    choose(landscape, {"field": "response", "value": "trust"})
    choose(landscape, {"field": "response", "value": "__class__"})
    choose(landscape, {"field": "source", "value": "sweep"})
    choose(landscape, {"field": "x", "value": "leadership.effort"})
    assert (landscape.response.value, landscape.source.value) == ("trust", LEVERS)


def test_services_are_set_once():
    counter = Counter()
    with pytest.raises(AbmError, match="abm app"):
        counter.services()
    services = Services(LIMITS, None)
    counter.install(services)
    assert counter.services() is services
    with pytest.raises(AbmError, match="already"):
        counter.install(services)


def test_a_page_that_fails_tells_its_visitor_nothing_of_the_server(caplog):
    # Nothing has installed the services of a server in this process, so the page fails.
    container, context = solara.render(Page(), handle_error=False)
    shown = json.dumps([str(widget.children) for widget in context.find(Html).widgets])
    context.close()
    assert "Something went wrong" in shown
    assert "Traceback" not in shown
    assert "abm app" in caplog.text
    assert container is not None


def test_a_place_is_tabulated_by_organisation_and_a_country_by_place(session):
    from abm.interface.page.widgets.network_values import values_of

    answer = session.answer.value
    heads, rows = network_table(answer.place, values_of(answer.place, answer.course.arrays(20), 20), None)
    assert len(rows) == answer.place.organisations
    assert "Trust" in heads
    assert "trust" in first_measures(answer)


def test_a_difference_is_tabulated_by_what_it_is_a_difference_of(session):
    from abm.interface.page.widgets.network_values import values_of

    answer = session.answer.value
    first, second = (values_of(answer.place, answer.course.arrays(month), month) for month in (10, 20))
    heads, rows = difference_table(answer.place, second, first, None)
    assert heads == ["Organisation", "Trust, difference", "Pressure, difference"]
    assert rows[0][0] == answer.place.organisation_name[0]
    assert rows[0][2] == pytest.approx(float(second.pressure[0] - first.pressure[0]))
