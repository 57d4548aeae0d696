"""The bottleneck of general practice comes out of attention: finite effort divides over as many ties as there are.

Everybody starts from one level of trust. What is compared differs in one thing; runs are paired by their accidents, a
run in which something never happens counts as the month after the last, and the 99.9% interval of the mean paired
difference has to lie on one side of zero.
"""

from functools import cache

import numpy as np
import pytest

from abm.analysis.effects import paired_difference
from abm.core.batch import Lane
from abm.records import load
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.emergence.emergence import judge
from abm.submodels.shipped import theory
from abm.world.place_loading import load_place
from abm.world.placefile import PlaceFile
from abm.world.synthesis import synthesise

REPLICATES = 96
CONFIDENCE = 0.999
START = 0.3
COMMON = 0.4
YEARS = 20
WITH_PRACTICES = ("hospital_practice", "commissioner_practice")
AMONG_OTHERS = ("commissioner_acute", "commissioner_community", "acute_community", "local_authority")
SHIPPED = ("south_somerset", "somerset", "urban", "rural")


def run(place, case):
    """Run the replicates from one common level of trust, (months + 1, measures, replicates)."""
    lanes = [Lane(1, number, case.parameter_values, case.lever_table()) for number in range(REPLICATES)]
    batch = make_batch(place, lanes, initial={"trust": np.full((place.ties, 2), START)})
    for _ in range(case.months):
        batch.advance()
    return batch.series


@cache
def ungated(place):
    """Run a shipped place where no board ever forms, so that contacts are those of attention and chance."""
    case = load_scenario("leadership_with_reform").with_place(place)
    return run(load_place(case.place), case.with_parameters({"governance.board_threshold": 1.0}))


@cache
def drawn(practices=None, catchment=None):
    """Run South Somerset drawn with another number of practices, or around a hospital that others share."""
    case = load_scenario("leadership_with_reform").with_horizon(YEARS)
    file = load(case.place, PlaceFile)
    (home,), (hospital,) = file.places, file.hospitals
    if practices is not None:
        count = home.practices.model_copy(update={"value": practices})
        file = file.model_copy(update={"places": (home.model_copy(update={"practices": count}),)})
    if catchment is not None:
        people = hospital.catchment.model_copy(update={"value": catchment})
        file = file.model_copy(update={"hospitals": (hospital.model_copy(update={"catchment": people}),)})
    return run(synthesise(file), case)


def months_to_trust(series, kind, level=COMMON):
    """Return the month in which mean trust on ties of a kind first reaches a level, (replicates,)."""
    reached = series[:, theory().row(f"trust_{kind}")] >= level
    return np.where(reached.any(axis=0), reached.argmax(axis=0), len(series)).astype(float)


def months_to_emergence(series):
    """Return the month in which integrated care emerged, (replicates,)."""
    threshold, months = np.full(REPLICATES, 0.4), np.full(REPLICATES, 12.0)
    emerged = judge(series[:, theory().row("implementation")], threshold, months)["emerged_month"]
    return np.where(np.isnan(emerged), len(series), emerged)


def is_later(late, early):
    return paired_difference(late, early, CONFIDENCE).low > 0.0


@pytest.mark.parametrize("place", SHIPPED)
@pytest.mark.parametrize("late", WITH_PRACTICES)
@pytest.mark.parametrize("early", AMONG_OTHERS)
def test_ties_with_practices_reach_a_common_level_of_trust_after_all_others(place, late, early):
    series = ungated(place)
    assert is_later(months_to_trust(series, late), months_to_trust(series, early))


@pytest.mark.parametrize(("few", "many"), [(10, 21), (21, 40), (40, 75)])
def test_integrated_care_takes_longer_with_more_practices_for_the_same_people(few, many):
    assert is_later(months_to_emergence(drawn(practices=many)), months_to_emergence(drawn(practices=few)))


@pytest.mark.parametrize(("few", "many"), [(10, 21), (21, 40), (21, 75)])
def test_trust_on_the_ground_takes_longer_with_more_practices_and_trust_at_the_top_does_not(few, many):
    fewer, more = drawn(practices=few), drawn(practices=many)
    for kind in WITH_PRACTICES:
        assert is_later(months_to_trust(more, kind), months_to_trust(fewer, kind))
    top = "commissioner_acute"
    assert np.array_equal(months_to_trust(more, top), months_to_trust(fewer, top))


def test_a_hospital_that_other_places_share_has_less_for_the_practices_of_this_one():
    own, shared = drawn(catchment=130_000), drawn(catchment=600_000)
    assert is_later(months_to_trust(shared, "hospital_practice"), months_to_trust(own, "hospital_practice"))
    assert is_later(months_to_emergence(shared), months_to_emergence(own))


def test_somerset_trusts_later_on_the_ground_but_emerges_no_later_than_south_somerset():
    """Scale time with practices: more practices, and a commissioner and hospitals with more time to spend."""
    kind = "hospital_practice"
    many, few = ungated("somerset"), ungated("south_somerset")
    assert is_later(months_to_trust(many, kind), months_to_trust(few, kind))
    cases = [
        load_scenario("leadership_with_reform").with_place(name) for name in ("somerset", "south_somerset")
    ]
    large, small = (months_to_emergence(run(load_place(case.place), case)) for case in cases)
    difference = paired_difference(large, small, CONFIDENCE)
    assert difference.low < 0.0 < difference.high, difference
