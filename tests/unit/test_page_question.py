from dataclasses import replace

import pytest

from abm.errors import InvalidInput
from abm.interface.page.background.limits import Limits
from abm.interface.page.session.download import command_line, scenario_file
from abm.interface.page.session.link import View, from_query, to_query
from abm.interface.page.session.question import Question, checked, question_of
from abm.interface.page.session.upload import uploaded
from abm.records import FrozenMapping
from abm.scenarios.scenario import load_scenario, scenario_names

LIMITS = Limits()
CHANGED = (
    Question()
    .with_value("leadership.effort", 0.4, 48)
    .with_schedule("payment.activity_share", {"pulse": {"start": 2, "end": 4, "to": 0.3}})
    .with_value("form.mandate", 1.0, 0)
)
VIEWS = (
    View(),
    View(CHANGED, month=17, measure="trust", selected="west_hospital"),
    View(replace(CHANGED, seed=2**63, replicate=7, years=4.5, place="urban"), tab="compare", month=30),
    View(Question.of_preset("burst_of_leadership", "rural"), tab="landscape", month=3, response="trust"),
    View(CHANGED, selected="tie:south_ccg~west_hospital", line=3, size=20),
    View(CHANGED, selected="place:Bath & North East", tab="landscape", is_surveyed=True, cell=(2, 0, 5)),
    View(
        tab="landscape", landscape="sweep", axes=("leadership.effort", "seed", "everything"), cell=(0, 1, 0)
    ),
    View(Question(parameters=FrozenMapping({"trust.gain": 0.1})), compared=("baseline", "mine")),
    View(Question(structure=FrozenMapping({"trust": "kim"}), start="2016-01", substeps=2)),
)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: to_query(view)[:60])
def test_a_link_shows_the_same_run_elsewhere(view):
    opened = from_query(to_query(view), LIMITS)
    assert opened == view
    assert opened.question.scenario.content_hash == view.question.scenario.content_hash
    assert opened.question.reference_scenario.content_hash == view.question.reference_scenario.content_hash


@pytest.mark.parametrize("name", scenario_names())
def test_every_preset_survives_a_link(name):
    view = View(Question.of_preset(name))
    assert from_query(to_query(view), LIMITS).question == view.question


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("preset=/etc/passwd", "unknown"),
        ("preset=../baseline.yaml", "unknown"),
        ("place=/etc/hostname.yaml", "unknown"),
        ("reference=nobody", "unknown"),
        ("seed=-1", "seed"),
        ("seed=abc", "whole number"),
        ("years=49", "up to 30 years"),
        ("years=much", "number"),
        ("years=.inf", "up to 30 years"),
        ("years=.nan", "up to 30 years"),
        ("years=1e308", "up to 30 years"),
        ("years=-1", "up to 30 years"),
        ("place=south_somerset&substeps=1000000", "takes 1 to 30"),
        ("substeps=0", "takes 1 to 30"),
        ("start=", "first month"),
        ("start=2014-4", "first month"),
        ("start=2014-4x&years=2", "first month"),
        ("start=2014-00", "first month"),
        ("start=-0001-01", "first month"),
        ("start=0000-01", "first month"),
        ("start=99999-01", "first month"),
        ("start=２０１４-04", "first month"),  # noqa: RUF001 - digits of full width
        ("start=2014-04%0A", "first month"),
        ("substeps=-3", "takes 1 to 30"),
        ("place=england&years=30&substeps=30", "too large for this server"),
        ("place=england&years=30&substeps=2", "too large for this server"),
        ("set=leadership.effort=7", "0 to 1"),
        ("set=leadership.effort=!!python/object/apply:os.system [ls]", "set"),
        ("set=nothing", "LEVER=VALUE"),
        ("parameter=trust.nothing=1", "unknown"),
        ("parameter=plain", "NAME=VALUE"),
        ("structure=trust=nobody", "trust"),
        ("set=" + "x" * 9_000, "characters"),
    ],
)
def test_a_link_with_a_fault_is_refused_with_the_reason(query, told):
    with pytest.raises(InvalidInput, match=told):
        from_query(query, LIMITS)


def test_schedules_of_too_many_points_are_refused():
    schedule = {"dates": {str(year / 10): 0.2 for year in range(11)}}
    question = Question().with_schedule("leadership.effort", schedule)
    assert checked(question, Limits(schedule_points=30)) == question
    with pytest.raises(InvalidInput, match="points in all schedules; this server takes up to 10"):
        checked(question, Limits(schedule_points=10))


def test_what_decides_no_run_is_passed_over_where_a_link_has_it_wrong():
    wrong = "month=abc&tab=nowhere&measure=nothing&compare=one,two&line=x&size=many&landscape=moon"
    assert from_query(wrong + "&axes=a,b&surveyed=perhaps&cell=1,2&cell=1,-1,3", LIMITS) == View()
    assert from_query("size=99999", LIMITS).size == LIMITS.replicates


def test_a_month_after_the_horizon_becomes_the_last():
    assert from_query("years=2&month=99999", LIMITS).month == 24


def test_taking_a_change_back_leads_to_the_preset():
    back = CHANGED.without("leadership.effort").without("payment.activity_share").without("form.mandate")
    assert back == Question() == CHANGED.without()


def test_a_schedule_like_the_presets_own_is_no_change():
    own = {"step": {"at": 1, "to": 0.8}}
    assert Question().with_schedule("leadership.effort", own) == Question()


def test_a_lever_out_of_bounds_is_refused():
    with pytest.raises(InvalidInput, match="0 to 1"):
        Question().with_value("leadership.effort", 3.0, 0)
    with pytest.raises(InvalidInput, match="unknown"):
        Question().with_value("leadership.nothing", 3.0, 0)


def test_a_horizon_beyond_the_limit_is_refused():
    with pytest.raises(InvalidInput, match="up to 2 years"):
        checked(Question(), Limits(years=2))


def test_limits_are_checked_all_at_once():
    with pytest.raises(InvalidInput) as caught:
        Limits(sessions=0, years=90)
    assert {problem.file for problem in caught.value.problems} == {"--max-sessions", "--max-years"}


@pytest.mark.parametrize(
    "question",
    [Question(), CHANGED, Question.of_preset("symphony_alliance").with_value("payment.risk_share", 0.2, 12)],
    ids=["preset", "changed", "preset with levers of its own"],
)
def test_a_scenario_taken_away_runs_as_on_the_page(question, tmp_path):
    for is_reference in (False, True):
        file = scenario_file(question, is_reference=is_reference)
        path = tmp_path / file.name
        path.write_bytes(file.content)
        asked = question.reference_scenario if is_reference else question.scenario
        assert load_scenario(path).content_hash == asked.content_hash


def test_a_scenario_taken_away_can_be_opened_again():
    file = scenario_file(CHANGED)
    opened = uploaded(file.content.decode(), LIMITS.upload_bytes, Question())
    assert opened.scenario.content_hash == CHANGED.scenario.content_hash
    assert from_query(to_query(View(opened)), LIMITS).question == opened


def test_the_command_line_names_presets_where_nothing_was_changed():
    question = Question.of_preset("leadership_with_reform", "south_somerset")
    assert command_line(question, 50) == (
        "abm compare baseline leadership_with_reform --seed 1 --replicates 50"
    )
    assert "my_leadership_with_reform.yaml" in command_line(CHANGED, 50)


GOOD = "name: mine\nplace: somerset\npolicies: [sustained_leadership]\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("somerset", "/etc/passwd"), "path"),
        (GOOD.replace("somerset", "../../secret.yaml"), "path"),
        (GOOD.replace("sustained_leadership", "./policies/x.yaml"), "path"),
        (GOOD + "extensions: [os]\n", "code"),
        (GOOD + "levers: {leadership.effort: 9}\n", "0 to 1"),
        ("name: [", "your_file.yaml"),
        ("- just\n- a list\n", "your_file.yaml"),
        ("!!python/object/apply:os.system [ls]", "your_file.yaml"),
        ("x" * 70_000, "bytes"),
        (None, "bytes"),
        (b"bytes", "bytes"),
    ],
)
def test_an_upload_with_a_fault_is_refused_with_the_reason(text, told):
    with pytest.raises(InvalidInput, match=told):
        uploaded(text, LIMITS.upload_bytes, Question())


def test_an_upload_keeps_the_accidents_and_the_reference():
    now = Question(seed=5, replicate=3, reference="reform_alone")
    opened = uploaded(GOOD, LIMITS.upload_bytes, now)
    assert (opened.seed, opened.replicate, opened.reference) == (5, 3, "reform_alone")
    assert opened.scenario.policy == question_of(opened.scenario, "somerset").scenario.policy
