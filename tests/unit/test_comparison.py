"""A comparison pairs what belongs together, and says in words and numbers what differs."""

import math

import numpy as np
import pytest

from abm.analysis import wording
from abm.analysis.comparison import compare, headline_measures
from abm.analysis.differences import (
    break_even_shares,
    course_in_words,
    lever_differences,
    other_differences,
)
from abm.analysis.effects import Effect, paired_probability_difference
from abm.analysis.emergence import time_to_emergence, wilson_interval
from abm.policy.policy import Policy
from abm.runs.run import PairedDesign, Tables
from abm.scenarios.scenario import load_scenario
from tests.unit.synthetic import GAUGES, Drift, design, simulate

NAMES = ("still", "rising")


@pytest.fixture
def tables():
    return simulate(design(replicates=30).runs())


def without(tables, run):
    """Leave out the runs of some positions, as when they failed."""
    kept = np.ones(tables.runs["run_id"].size, dtype=bool)
    kept[run] = False
    gone = tables.runs["run_id"][run]
    rows = ~np.isin(tables.months["run_id"], gone)
    return Tables(
        {name: column[kept] for name, column in tables.runs.items()},
        {name: column[rows] for name, column in tables.months.items()},
    )


def test_luck_that_both_share_cancels(tables):
    effect = compare(tables, NAMES, GAUGES).effect("trust_pairs", "rising", 24)
    assert effect.estimate == pytest.approx(24 * 0.02)
    assert effect.high - effect.low < 1e-12


def test_effects_are_taken_at_the_years_asked_for_and_at_the_end(tables):
    assert compare(tables, NAMES, GAUGES, years=[0.5, 1, 9]).months == (6, 12, 24)
    assert compare(tables, NAMES, GAUGES).months == (12, 24)


def test_emergence_counts_runs_and_compares_them_pair_by_pair(tables):
    comparison = compare(tables, NAMES, GAUGES)
    reference, policy = comparison.emergence
    assert reference.ever_effect is None
    assert policy.ever.trials == 30
    assert policy.standing_effect.estimate == pytest.approx(
        policy.standing.estimate - reference.standing.estimate
    )
    assert policy.survival.events.sum() == policy.ever.count


def test_a_run_without_its_partner_is_left_out_of_effects_only(tables):
    comparison = compare(without(tables, [3]), NAMES, GAUGES)
    assert comparison.effect("trust_pairs", "rising", 24).pairs == 29
    assert comparison.emergence[1].ever.trials == 30
    assert comparison.emergence[0].ever.trials == 29


def test_bands_hold_the_median_between_the_outer_tenths(tables):
    for band in compare(tables, NAMES, GAUGES).bands:
        low, middle, high = band.quantiles
        assert np.all(low <= middle)
        assert np.all(middle <= high)
        assert middle.size == 25


def test_fewer_than_five_runs_have_no_range():
    for replicates in (1, 4, 5):
        found = compare(simulate(design(replicates=replicates).runs()), NAMES, GAUGES)
        low, middle, high = found.bands[0].quantiles
        assert np.isfinite(middle).all()
        assert np.isfinite(low).all() == np.isfinite(high).all() == (replicates == 5)


@pytest.mark.parametrize("replicates", [3, 30])
def test_the_difference_of_what_a_run_has_or_has_not_is_that_of_two_shares(replicates):
    """A share of 0.99 instead of none differs by at most one, and its interval is Newcombe's."""
    tables = simulate(design(replicates=replicates).runs())
    has = (tables.months["scenario"] == "rising") & (tables.months["month"] > 0)
    has &= tables.months["replicate"] > 0
    tables.months["trust_pairs"][:] = has
    effect = compare(tables, NAMES, GAUGES).effect("trust_pairs", "rising", 24)
    expected = paired_probability_difference(np.arange(replicates) > 0, np.zeros(replicates, dtype=bool))
    assert effect == expected
    assert effect.low < effect.estimate < effect.high <= 1.0


def test_the_interval_of_a_share_stays_within_what_is_possible(tables):
    share = np.where(tables.months["scenario"] == "rising", 0.98, 0.0)
    share[(tables.months["scenario"] == "rising") & (tables.months["replicate"] == 0)] = 0.5
    tables.months["implementation"][:] = share
    tables.months["admissions"][:] = share
    found = compare(tables, NAMES, GAUGES)
    assert found.effect("implementation", "rising", 24).high <= 1.0
    tables.months["implementation"][:] = np.where(share == 0.5, 0.5, share > 0)
    effect = compare(tables, NAMES, GAUGES).effect("implementation", "rising", 24)
    assert effect.high == 1.0
    assert effect.low < effect.estimate


def test_of_what_a_run_has_or_has_not_the_share_is_shown(tables):
    months = dict(tables.months)
    months["implementation"] = (months["month"] > months["replicate"]).astype(float)
    bands = compare(Tables(tables.runs, months), NAMES, GAUGES).bands
    low, middle, _ = next(band for band in bands if band.measure.name == "implementation").quantiles
    assert np.isnan(low).all()
    assert middle[15] == pytest.approx(0.5)


def test_scenarios_of_different_length_meet_at_the_end_of_the_shorter():
    scenarios = (Drift("still", months=24), Drift("rising", 0.02, months=36))
    comparison = compare(simulate(PairedDesign(scenarios, 1, 5).runs()), NAMES, GAUGES)
    assert comparison.months == (12, 24)
    assert [entry.survival.follow_up for entry in comparison.emergence] == [24, 36]


def test_a_measure_that_is_missing_throughout_is_no_headline(tables):
    months = dict(tables.months) | {"trust_pairs": np.full(tables.months["month"].size, np.nan)}
    headlines = headline_measures(GAUGES, Tables(tables.runs, months))
    assert [measure.name for measure in headlines] == ["implementation", "admissions"]


def test_a_scenario_without_runs_is_refused(tables):
    with pytest.raises(ValueError, match="no run of scenario 'falling'"):
        compare(tables, ("still", "falling"), GAUGES)


def test_a_scenario_that_misses_months_is_refused(tables):
    months = {name: column[:-1] for name, column in tables.months.items()}
    with pytest.raises(ValueError, match="not of one length"):
        compare(Tables(tables.runs, months), NAMES, GAUGES)


def test_an_effect_that_was_not_taken_is_not_found(tables):
    with pytest.raises(KeyError):
        compare(tables, NAMES, GAUGES).effect("trust_pairs", "rising", 7)


def test_only_levers_that_differ_are_listed():
    same = load_scenario("baseline").with_levers({"leadership.effort": 0.15})
    assert lever_differences([load_scenario("baseline"), same]) == ()
    (row,) = lever_differences([load_scenario("baseline"), same.with_levers({"leadership.effort": 0.8})])
    assert row.lever.name == "leadership.effort"
    assert [setting.after for setting in row.settings] == [0.15, 0.8]
    assert [setting.dose for setting in row.settings] == pytest.approx([0.0, 6.5])


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (0.8, "0.8"),
        ({"step": {"at": 1, "to": 0.8}}, "0.15, then 0.8 from year 1"),
        ({"ramp": {"start": 1, "end": 3, "to": 0.8}}, "0.15, then to 0.8 over years 1 to 3"),
        ({"pulse": {"start": 1, "end": 4, "to": 0.8}}, "0.15, then 0.8 from year 1, then 0.15 from year 4"),
        ({"step": {"at": 0, "to": 0.8}}, "0.8"),
        ({"step": {"at": 12, "to": 0.8}}, "0.15"),
        ({"ramp": {"start": 9, "end": 11, "to": 0.35}}, "0.15, then to 0.25 over years 9 to 10"),
        (
            [{"ramp": {"start": 1, "end": 3, "to": 0.8}}, {"step": {"at": 6, "to": 0.2}}],
            "0.15, then to 0.8 over years 1 to 3, then 0.2 from year 6",
        ),
    ],
)
def test_a_course_is_told_in_words(setting, words):
    schedule = Policy().with_settings({"leadership.effort": setting}).settings["leadership.effort"]
    assert course_in_words(schedule, 10.0) == words


def test_whatever_else_differs_is_listed():
    scenario = load_scenario("baseline")
    other = scenario.with_horizon(5).with_parameters({"trust.gain": 0.011}).with_place("urban")
    rows = {row.label: row.values for row in other_differences([scenario, other])}
    assert rows["Place"] == ("south_somerset", "urban")
    assert rows["Horizon, years"] == ("10", "5")
    assert any("trust.gain" in label for label in rows)
    assert other_differences([scenario, scenario]) == ()


def test_the_break_even_share_follows_from_the_payment_at_the_end():
    before, after = break_even_shares([load_scenario("baseline"), load_scenario("all_levers")])
    # gain h / ((1 - c) + gain h) with gain 0.5 and h = 1 at five years, c = 0.5.
    assert after.break_even == pytest.approx(0.5)
    assert after.gains
    assert not before.gains


def test_numbers_are_written_with_the_digits_they_need():
    assert wording.number(-0.254) == "−0.25"
    assert wording.number(-0.001) == "0.00"
    assert wording.number(math.nan) == "–"
    assert wording.signed(0.001) == "0.00"
    assert wording.amount(54.0) == "+54"
    assert wording.amount(0.0) == "0"
    assert wording.decimals(0.25, 0.3) == 2
    assert wording.decimals(0.02, -0.03) == 3
    assert wording.decimals(1e-9) == 2


def test_an_effect_is_written_with_its_interval():
    told = wording.difference(Effect(0.25, 0.2, 0.31, 9, 0.0, 0.25))
    assert (told.estimate, told.interval, told.bracket) == ("+0.25", "+0.20 to +0.31", "[0.20, 0.31]")
    assert wording.difference(Effect(0.0, 0.0, 0.0, 9, 0.0, 0.0)).interval == ""


def test_shares_and_times_are_written_with_their_intervals():
    assert wording.share(wilson_interval(0, 0)).estimate == "–"
    assert wording.share(wilson_interval(94, 100)).bracket == "[88, 97]"
    median = wording.median_time(time_to_emergence([12.0, 24.0, 36.0], 120))
    assert (median.estimate, median.low) == ("2.0", "1.0")
    assert wording.median_time(time_to_emergence([np.nan], 120)) == wording.Told("> 10")


def test_words_are_listed_as_people_list_them():
    assert [wording.listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
