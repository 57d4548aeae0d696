"""A report is one page that reads offline and tells what was found, with intervals."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from abm.analysis.comparison import compare, headline_measures
from abm.analysis.differences import break_even_shares, lever_differences, other_differences
from abm.analysis.figures import Frame, Line, apart, interval_bar, line_plot, nice_axis
from abm.analysis.report import report
from abm.analysis.story import Story
from abm.core.draws import GENERATOR
from abm.runs.batches import execute
from abm.runs.results import manifest_of
from abm.runs.run import PairedDesign
from abm.runs.simulator import simulate
from abm.scenarios.scenario import load_scenario
from abm.submodels.shipped import theory
from abm.world.place_loading import load_place

VOID = {"meta", "link", "br", "path", "circle"}


class Page(HTMLParser):
    """Collect addresses, text and unbalanced tags of a page."""

    def __init__(self, html):
        super().__init__()
        self.open, self.addresses, self.words, self.unbalanced = [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def story_of(scenarios, replicates=3):
    design = PairedDesign(tuple(scenarios), 1, replicates)
    tables = execute(design.runs(), simulate).tables
    names = [scenario.name for scenario in scenarios]
    manifest = manifest_of(
        design.described(),
        {scenario.name: scenario.resolved() for scenario in scenarios},
        GENERATOR,
        {"asked": 6, "done": 6, "failed": 0},
        {"command": "abm compare <one> & 'two'", "created": "2014-04-01T00:00:00+00:00"},
    )
    return Story(
        place=load_place(scenarios[0].place).label,
        scenarios=tuple(scenarios),
        comparison=compare(tables, names, headline_measures(theory().measures, tables)),
        levers=lever_differences(scenarios),
        others=other_differences(scenarios),
        break_even=break_even_shares(scenarios),
        manifest=manifest,
    )


@pytest.fixture(scope="module")
def story():
    return story_of([load_scenario(name).with_horizon(2) for name in ("baseline", "leadership_with_reform")])


@pytest.fixture(scope="module")
def page(story):
    return Page(report(story))


def test_the_page_asks_for_nothing_outside_itself(story, page):
    assert page.addresses == ["data:,"]
    assert not re.search(r"https?:|@import|url\(", report(story))


def test_the_page_is_well_formed(page):
    assert page.unbalanced == []
    assert page.open == []


def test_the_page_is_the_same_each_time_it_is_made(story):
    assert report(story) == report(story)


def test_the_page_asks_the_question_and_answers_it(page):
    assert (
        "What changes in South Somerset over 2 years if, instead of As things were , policy is" in page.text
    )
    assert "After 2 years integrated care stands in 0 of 3 runs under As things were" in page.text


def test_the_page_says_what_differs_with_schedule_and_dose(page):
    assert "Flexibility of the general practice contract" in page.text
    assert "0.2, then 0.9 from year 1 dose +0.7" in page.text


@pytest.mark.parametrize(
    "said",
    [
        "Commissioner-acute",
        "Hospital-practice",
        "Joint board",
        "Engaged practices",
        "Implementation",
        "Emergency admissions",
        "Bed occupancy",
        "After 2 years",
        "After 1 year",
        "Break-even share a*",
        "loses by cooperation",
        "parameters were chosen so that the model",
        "Philox4x32-10",
        "Seed 1, replicates 0 to 2",
        "abm compare <one> & 'two'",
    ],
)
def test_the_page_holds(page, said):
    assert said in page.text


def test_hashes_and_versions_are_in_the_page(story, page):
    for said in (
        story.manifest["manifest_sha256"],
        story.manifest["design_sha256"],
        story.manifest["code"]["version"],
    ):
        assert said in page.text


def test_every_drawing_says_what_it_shows_or_is_hidden(story):
    drawings = re.findall(r"<svg[^>]*>", report(story))
    assert len(drawings) > 20
    assert all('aria-hidden="true"' in drawing or "aria-label=" in drawing for drawing in drawings)


def test_what_a_user_writes_is_escaped(story):
    scenario = story.scenarios[1]
    object.__setattr__(scenario, "description", "<script>alert('x')</script>")
    assert "<script>" not in report(story)


def test_one_scenario_makes_a_page_without_effects():
    text = Page(report(story_of([load_scenario("baseline").with_horizon(1)], replicates=1))).text
    assert "What happens in South Somerset over 1 year under As things were ?" in text
    assert "What else the policies change" not in text
    assert "Nothing that can change a result" in text


def test_scenarios_of_one_label_are_told_apart_by_name(story):
    one, two = story.scenarios
    labels = story_of([one, two.with_horizon(2)]).labels
    assert len(set(labels.values())) == 2


def test_axes_are_round_and_hold_their_range():
    assert nice_axis(0.0, 1.0, 2) == ((0.0, 1.0), (0.0, 0.5, 1.0))
    assert nice_axis(0.87, 0.924, 3)[0] == (0.86, 0.94)
    (low, high), _ = nice_axis(1.0, 1.0)
    assert low <= 1.0 < high


def test_labels_keep_their_distance_and_their_order():
    moved = apart([50.0, 51.0, 52.0, 90.0], 10.0, 0.0, 100.0)
    assert np.all(np.diff(moved) >= 10.0)
    assert apart([99.0, 99.5], 10.0, 0.0, 100.0) == [90.0, 100.0]
    assert apart([], 10.0, 0.0, 100.0) == []


def test_a_curve_stops_where_a_value_is_missing():
    frame = Frame(100, 100, 0, 0, 0, 0, (0, 3), (0, 1))
    line = Line(0, np.arange(4.0), np.array([0.0, np.nan, 0.5, 0.5]), label="end")
    drawn = line_plot([line], frame, description="a curve", y_ticks=[], x_ticks=[])
    assert drawn.count("M") == 2
    assert 'aria-label="a curve"' in drawn


def test_an_interval_that_is_unknown_is_not_drawn():
    assert "circle" not in interval_bar(0.1, float("nan"), float("nan"), (0.0, 1.0), 1)
    assert "circle" in interval_bar(0.1, 0.0, 0.2, (0.0, 1.0), 1)
