"""Measures of how trust is arranged agree with slow sums, and find what was put in."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from abm.analysis.dissection import relations
from abm.analysis.dissection.positions import brokers, left_out, rank_correlation, spread_ratio
from abm.analysis.dissection.results import outcome
from abm.analysis.dissection.runs import Ends
from abm.analysis.dissection.surgeries import INTACT, SHUFFLE
from abm.analysis.dissection.variance import COMPONENTS, variance_shares
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import cached_place
from abm.world.network import betweenness
from abm.world.place import OrganisationKind, TieKind

RUNS = 6


@pytest.fixture(scope="module")
def place():
    return cached_place(load_scenario("baseline").with_place("somerset").place)


@pytest.fixture(scope="module")
def ends(place):
    return random_ends(place, RUNS)


def random_ends(place, runs, seed=1):
    drawn = np.random.default_rng(seed)
    is_practice = place.organisation_kind == OrganisationKind.PRACTICE
    is_there = is_practice & (drawn.random((runs, place.organisations)) > 0.1)
    is_open = ~((is_practice & ~is_there)[:, place.tie_ends].any(axis=2))
    return Ends(
        standing=drawn.integers(0, 2, runs).astype(float),
        emerged_month=np.where(drawn.random(runs) < 0.5, 30.0, np.nan),
        implementation=drawn.random(runs),
        mean_trust=drawn.random(runs),
        trust=drawn.random((runs, place.ties, 2)),
        is_open=is_open,
        engaged=is_there * drawn.integers(0, 2, is_there.shape).astype(float),
        practice_trust=drawn.random(is_there.shape),
        people=is_there * 1000.0,
    )


def test_reciprocity_is_the_correlation_of_the_sides_each_less_its_own_mean(place, ends):
    for kind in (TieKind.HOSPITAL_PRACTICE, TieKind.PRACTICE_PRACTICE):
        above, first, second = 0.0, 0.0, 0.0
        for run in range(RUNS):
            x = ends.trust[run, (place.tie_kind == kind) & ends.is_open[run]]
            x = x - x.mean(axis=0)
            above += (x[:, 0] * x[:, 1]).sum()
            first, second = first + (x[:, 0] ** 2).sum(), second + (x[:, 1] ** 2).sum()
        found = relations.reciprocity(place, ends)[kind.name.lower()]
        assert found.value == pytest.approx(above / np.sqrt(first * second))
        assert found.low <= found.value <= found.high


def test_kinds_that_differ_are_no_reciprocity_and_sides_that_agree_are(place, ends):
    by_kind = (0.1 * place.tie_kind[:, None] + np.array([0.0, 0.1]))[None]
    alike = np.random.default_rng(5).random((RUNS, place.ties, 1)) * 0.1
    noise = np.random.default_rng(6).random((RUNS, place.ties, 2)) * 0.1
    strangers, friends = (
        Ends(**{**vars(ends), "trust": by_kind + noise}),
        Ends(**{**vars(ends), "trust": by_kind + alike}),
    )
    assert abs(relations.reciprocity(place, strangers)["all"].value) < 0.08
    assert relations.reciprocity(place, friends)["all"].value == pytest.approx(1.0)


def test_agreement_is_with_what_shared_partners_think(place, ends):
    x = relations.centred(ends.trust, ends.is_open, place.tie_kind)
    chance = relations.class_chance(x, ends.is_open, place.tie_kind)
    trust = [{} for _ in range(RUNS)]
    for run in range(RUNS):
        for tie, (one, other) in enumerate(place.tie_ends.tolist()):
            if ends.is_open[run, tie]:
                trust[run][one, other] = (x[run, tie, 0], (place.tie_kind[tie], 0))
                trust[run][other, one] = (x[run, tie, 1], (place.tie_kind[tie], 1))
    above = own = theirs = 0.0
    for run in range(RUNS):
        partners = {}
        for one, other in trust[run]:
            partners.setdefault(one, set()).add(other)
        for (i, k), (level, own_class) in trust[run].items():
            tellers = [j for j in partners[i] & partners[k] if (j, k) in trust[run]]
            if not tellers:
                continue
            said = np.mean([trust[run][j, k][0] for j in tellers])
            alike = np.mean([trust[run][j, k][1] == own_class for j in tellers])
            above += level * said - alike * chance[run, own_class[0], own_class[1]]
            own, theirs = own + level**2, theirs + said**2
    assert relations.agreement(place, ends).value == pytest.approx(above / np.sqrt(own * theirs))


def test_exchangeable_trust_shows_neither_agreement_nor_assortativity(place):
    many = random_ends(place, 60, seed=3)
    for measure in (relations.agreement, relations.assortativity, relations.joins):
        found = measure(place, many)
        assert abs(found.value) < 0.03, measure.__name__
        assert found.low < 0.01 and found.high > -0.01, measure.__name__


def test_a_reputation_shows_as_agreement(place):
    many = random_ends(place, 10)
    known = np.random.default_rng(2).random((10, place.organisations))
    trust = known[:, place.tie_ends[:, ::-1]]
    assert relations.agreement(place, Ends(**{**vars(many), "trust": trust})).value > 0.5


def test_joins_compare_neighbours_with_any_two_practices_of_the_place(place, ends):
    above, pairs = 0.0, 0
    homes = place.organisation_place
    neighbours = place.tie_ends[place.tie_kind == TieKind.PRACTICE_PRACTICE].tolist()
    for run in range(RUNS):
        there = set(np.flatnonzero(ends.people[run] > 0).tolist())
        for one, other in neighbours:
            if not {one, other} <= there or homes[one] != homes[other]:
                continue
            here = [row for row in there if homes[row] == homes[one]]
            alike = [ends.engaged[run, a] == ends.engaged[run, b] for a, b in itertools.combinations(here, 2)]
            above += (ends.engaged[run, one] == ends.engaged[run, other]) - np.mean(alike)
            pairs += 1
    assert relations.joins(place, ends).value == pytest.approx(above / pairs)


def test_transitivity_counts_partners_of_one_that_deal_with_each_other():
    triangle_and_one = SimpleNamespace(incidence_start=np.array([0, 2, 4, 7, 8]), third_tie=np.zeros((3, 2)))
    assert relations.transitivity(triangle_and_one) == pytest.approx(3 / 5)


SMALL_ENDS = np.array([[0, 1], [0, 2], [1, 2], [1, 3], [2, 4], [3, 4]])


def slow_shares(trust, is_open, tie_ends, tie_kind):
    """Go through all pairs of observations one by one."""
    seen = []
    for kind in set(tie_kind.tolist()):
        for side in range(2):
            rows = np.flatnonzero(tie_kind == kind)
            known = is_open[:, rows]
            mean = trust[:, rows, side][known].mean()
            for run, number in zip(*known.nonzero(), strict=True):
                tie = rows[number]
                level = trust[run, tie, side] - mean
                seen.append((run, tie, tie_ends[tie, side], tie_ends[tie, 1 - side], level))
    sums = {
        name: [0.0, 0]
        for name in (
            "all",
            "run",
            "truster",
            "trusted",
            "again",
            "judging",
            "reputation",
            "mutual",
            "mutual again",
        )
    }
    by_whom = {name: {} for name in ("truster", "trusted", "judging", "reputation")}
    for (run, tie, one, other, x), (run2, tie2, one2, other2, y) in itertools.product(seen, repeat=2):
        same_run, same_tie = run == run2, tie == tie2
        holds = {
            "all": same_run and same_tie and one == one2,
            "run": same_run and not {one, other} & {one2, other2},
            "truster": not same_run and one == one2 and not same_tie,
            "trusted": not same_run and other == other2 and not same_tie,
            "again": not same_run and same_tie and one == one2,
            "judging": same_run and one == one2 and not same_tie,
            "reputation": same_run and other == other2 and not same_tie,
            "mutual": same_run and same_tie and one != one2,
            "mutual again": not same_run and same_tie and one != one2,
        }
        for name, is_so in holds.items():
            sums[name][0] += x * y * is_so
            sums[name][1] += is_so
            if is_so and name in by_whom:
                whom = one if name in ("truster", "judging") else other
                by_whom[name].setdefault(whom, []).append(x * y)
    mean = {name: total / max(number, 1) for name, (total, number) in sums.items()}
    for name, products in by_whom.items():
        side = 2 if name in ("truster", "judging") else 3
        weights = [sum(one[side] == whom for one in seen) for whom in products]
        mean[name] = np.average([np.mean(each) for each in products.values()], weights=weights)
    found = {
        "truster": mean["truster"],
        "trusted": mean["trusted"],
        "pair": mean["again"] - mean["truster"] - mean["trusted"],
        "run": mean["run"],
        "judging": mean["judging"] - mean["run"] - mean["truster"],
        "reputation": mean["reputation"] - mean["run"] - mean["trusted"],
    }
    found["chance"] = mean["all"] - sum(found.values())
    found["mutual"] = mean["mutual"] - mean["run"] - mean["mutual again"]
    return {name: value / mean["all"] for name, value in found.items()}


def test_shares_of_variance_agree_with_going_through_all_pairs():
    drawn = np.random.default_rng(8)
    trust = drawn.random((4, len(SMALL_ENDS), 2))
    is_open = drawn.random((4, len(SMALL_ENDS))) > 0.2
    kind = np.array([0, 0, 0, 1, 1, 1])
    found = variance_shares(trust, is_open, SMALL_ENDS, kind)
    slow = slow_shares(trust, is_open, SMALL_ENDS, kind)
    assert {name: one.value for name, one in found.items()} == pytest.approx(slow)
    assert sum(found[name].value for name in COMPONENTS) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "put_in",
    [("truster", 0.3), ("trusted", 0.3), ("pair", 0.3), ("run", 0.3), ("judging", 0.3), ("reputation", 0.3)],
)
def test_shares_of_variance_find_the_component_that_was_put_in(put_in):
    name, share = put_in
    drawn = np.random.default_rng(9)
    runs, number = 60, 24
    ends = np.array(list(itertools.combinations(range(number), 2)))
    effect = {
        "truster": drawn.standard_normal(number)[ends][None],
        "trusted": drawn.standard_normal(number)[ends[:, ::-1]][None],
        "pair": drawn.standard_normal((1, len(ends), 2)),
        "run": drawn.standard_normal((runs, 1, 1)),
        "judging": drawn.standard_normal((runs, number))[:, ends],
        "reputation": drawn.standard_normal((runs, number))[:, ends[:, ::-1]],
    }[name]
    effect = effect / effect.std()
    trust = np.sqrt(share) * effect + np.sqrt(1.0 - share) * drawn.standard_normal((runs, len(ends), 2))
    is_open = np.ones((runs, len(ends)), dtype=bool)
    found = variance_shares(trust, is_open, ends, np.zeros(len(ends), dtype=np.int64))
    assert found[name].value == pytest.approx(share, abs=0.06)
    for other in {*COMPONENTS} - {name, "chance"}:
        assert found[other].value == pytest.approx(0.0, abs=0.04), other
    assert found[name].low < share + 0.06 and found[name].high > share - 0.06


def test_betweenness_counts_the_paths_of_most_trust():
    chain = np.array([[0, 1], [1, 2]])
    assert betweenness(3, chain, np.ones(2)).tolist() == [0.0, 1.0, 0.0]
    triangle = np.array([[0, 1], [1, 2], [0, 2]])
    assert betweenness(3, triangle, np.array([1.0, 1.0, 3.0])).tolist() == [0.0, 1.0, 0.0]
    assert betweenness(3, triangle, np.ones(3)).tolist() == [0.0, 0.0, 0.0]


def test_brokers_stand_between_and_are_left_out_where_there_are_too_many(place, ends, monkeypatch):
    found = brokers(place, ends)
    assert found.shape == (place.organisations,)
    assert found[place.of_kind(OrganisationKind.COMMISSIONER)].min() > np.median(found)
    monkeypatch.setattr("abm.analysis.dissection.positions.MOST_ORGANISATIONS", 5)
    assert brokers(place, ends) is None


def test_practices_are_listed_with_how_often_they_are_engaged(place, ends):
    out = left_out(place, ends)
    assert out.row.tolist() == place.of_kind(OrganisationKind.PRACTICE).tolist()
    for number, row in enumerate(out.row[:5].tolist()):
        is_there = ends.people[:, row] > 0
        assert out.engaged[number] == pytest.approx(ends.engaged[is_there, row].mean())
        used = (place.tie_ends[:, 1] == row) & (place.tie_kind == TieKind.HOSPITAL_PRACTICE)
        used &= place.organisation_kind[place.tie_ends[:, 0]] == OrganisationKind.ACUTE
        assert out.main_share[number] == place.use_share[used].max()
    assert set(out.correlations()) == {"people", "neighbours", "main_share", "main_km"}


def test_exchangeable_practices_spread_as_chance_and_others_more():
    drawn = np.random.default_rng(1)
    is_there, home = np.ones((50, 400), dtype=bool), np.repeat([0, 1], 200)
    chance = (drawn.random((50, 400)) < drawn.random((50, 1))).astype(float)
    assert spread_ratio(chance, is_there, home) == pytest.approx(1.0, abs=0.2)
    fixed = np.tile(np.arange(400) % 2, (50, 1)).astype(float)
    assert spread_ratio(fixed, is_there, home) == pytest.approx(50.0)
    assert np.isnan(spread_ratio(np.ones((50, 400)), is_there, home))


def test_ranks_correlate_whatever_the_scale():
    x = np.array([1.0, 2.0, 3.0, 10.0])
    assert rank_correlation(x, x**3) == pytest.approx(1.0)
    assert rank_correlation(x, -x) == pytest.approx(-1.0)
    assert np.isnan(rank_correlation(x, np.ones(4)))
    assert np.isnan(rank_correlation(x[:2], x[:2]))


def test_runs_without_emergence_count_with_the_month_after_the_horizon(ends):
    months = [np.nan, 10.0, np.nan, 20.0, 30.0, np.nan]
    intact = Ends(
        **{**vars(ends), "emerged_month": np.array(months), "standing": np.array([0.0, 1, 0, 1, 1, 0])}
    )
    cut = Ends(**{**vars(ends), "emerged_month": np.full(RUNS, np.nan), "standing": np.zeros(RUNS)})
    found = outcome(SHUFFLE, cut, intact, 40)
    assert found.months == 41.0
    assert found.months_change.estimate == pytest.approx((31 + 21 + 11) / 6)
    assert found.standing_change.estimate == pytest.approx(-0.5)
    assert outcome(INTACT, intact, intact, 40).standing.count == 3
