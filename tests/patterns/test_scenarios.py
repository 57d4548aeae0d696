"""Every shipped scenario is about something, and moves it.

Each names the measure it is about, the scenario it is compared with, and the direction it takes. Both meet the
same accidents of fate; the 99% interval of the paired difference, averaged over the second half of the run, has to
exclude zero on that side, and the scenario has to differ from the baseline of its place on the same measure. Where
a source says otherwise than the model shows, the claim says so, and the guide to scenarios says why.

As a program, renew the tables of the guide::

    python -m tests.patterns.test_scenarios
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from abm.analysis.effects import paired_difference
from abm.analysis.emergence import wilson_interval
from abm.policy.schedule import Constant, Dated, Pulse, Ramp, Schedule, Step
from abm.scenarios.scenario import Scenario, load_policy, load_scenario, policy_names, scenario_names
from abm.scenarios.simulate import simulate_lanes
from abm.submodels.shipped import theory

REPLICATES = 32
SEED = 1
CONFIDENCE = 0.99
REPLICATES_OF_GUIDE = 100
LANES = 50
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "scenarios.md"
RENEW = "run 'python -m tests.patterns.test_scenarios' to renew the guide"


@dataclass(frozen=True)
class Claim:
    """What a scenario is about: a measure, its direction, and the reference scenario.

    The reference is a scenario run in the same place, or the scenario itself with the levers of ``without``.
    """

    measure: str
    direction: str
    reference: str = "baseline"
    without: Mapping[str, float] = field(default_factory=dict)
    agrees: bool = True


CLAIMS: dict[str, Claim] = {
    # Leadership and reform
    "sustained_leadership": Claim("trust", "rises"),
    "burst_of_leadership": Claim("implementation", "rises", "steady_leadership", agrees=False),
    "steady_leadership": Claim("trust", "rises", "reform_alone"),
    "flexible_contract": Claim("trust_hospital_practice", "rises"),
    "nuanced_competition": Claim("trust_commissioner_acute", "rises"),
    "reform_alone": Claim("trust_commissioner_acute", "rises"),
    "leadership_with_flexibility": Claim("engagement", "rises", "sustained_leadership"),
    "leadership_with_dialogue": Claim("trust_commissioner_acute", "rises", "sustained_leadership"),
    "leadership_with_reform": Claim("implementation", "rises", "sustained_leadership"),
    # Money and regulation
    "whole_system_regulation": Claim("orientation", "rises"),
    "performance_incentives": Claim("payoff_practice", "rises"),
    "incentives_under_review": Claim("pressure_practice", "falls", "performance_incentives"),
    "hospital_network": Claim("margin_acute", "rises"),
    "joint_sessions_and_showcase": Claim("orientation", "rises", without={"convening.showcase": 0}),
    # Models of care
    "co_commissioning": Claim("trust_commissioner_practice", "rises"),
    "federation": Claim("networked", "rises", "flexible_contract"),
    "family_care_network": Claim("qualified", "rises", "leadership_with_flexibility"),
    "multispecialty_community_provider": Claim("engagement", "rises", "leadership_with_flexibility"),
    "practices_with_hospital": Claim("trust_hospital_practice", "rises", "leadership_with_reform"),
    "primary_and_acute_care_system": Claim(
        "implementation", "rises", without={"form.single_organisation": 0}
    ),
    "symphony_alliance": Claim("divergence", "falls", "leadership_with_flexibility"),
    "provider_led_partnership": Claim("engagement", "falls", "leadership_with_reform"),
    "extended_community_team": Claim("admissions", "falls", "leadership_with_reform"),
    "mandated_model": Claim("scope", "rises", "reform_alone"),
    "all_levers": Claim("trust", "rises", "leadership_with_reform"),
    "all_together": Claim("trust", "rises", "leadership_with_reform"),
    # Circumstances
    "fortress_under_austerity": Claim("fortress", "rises", "leadership_with_reform"),
    "all_levers_high_demand": Claim("fortress", "rises", "all_levers"),
}


def run(scenario: Scenario, replicates: int = REPLICATES):
    """Run replicates of a scenario; measures by month and outcomes, replicates last."""
    parts = [
        simulate_lanes([scenario] * len(lanes), [SEED] * len(lanes), lanes)
        for lanes in np.array_split(np.arange(replicates), -(-replicates // LANES))
    ]
    series = np.concatenate([part[0] for part in parts], axis=-1)
    return series, {name: np.concatenate([part[1][name] for part in parts]) for name in parts[0][1]}


@cache
def means_of_second_half(scenario: Scenario):
    """Average every measure over the second half of a run."""
    series, _ = run(scenario)
    return series[scenario.months // 2 :].mean(axis=0)


def reference_of(name: str) -> Scenario:
    """Return what a scenario is compared with, in its own place."""
    scenario, claim = load_scenario(name), CLAIMS[name]
    if claim.without:
        return scenario.with_levers(claim.without)
    return load_scenario(claim.reference).with_place(scenario.place)


def effect_on(measure: str, scenario: Scenario, reference: Scenario):
    """Estimate what a scenario changes."""
    row = theory().row(measure)
    return paired_difference(
        means_of_second_half(scenario)[row], means_of_second_half(reference)[row], CONFIDENCE
    )


@pytest.mark.parametrize("name", CLAIMS)
def test_scenario_moves_the_measure_it_is_about(name):
    claim = CLAIMS[name]
    effect = effect_on(claim.measure, load_scenario(name), reference_of(name))
    assert (effect.low > 0.0) if claim.direction == "rises" else (effect.high < 0.0), effect


@pytest.mark.parametrize("name", CLAIMS)
def test_scenario_differs_from_the_baseline_on_the_measure_it_is_about(name):
    scenario = load_scenario(name)
    baseline = load_scenario("baseline").with_place(scenario.place)
    assert effect_on(CLAIMS[name].measure, scenario, baseline).excludes_zero


def test_integrated_care_does_not_emerge_in_the_baseline():
    _, outcomes = run(load_scenario("baseline"))
    assert not outcomes["emerged_ever"].any()


def test_every_shipped_scenario_but_the_baseline_says_what_it_is_about():
    assert set(CLAIMS) == set(scenario_names()) - {"baseline"}
    assert {claim.measure for claim in CLAIMS.values()} <= {measure.name for measure in theory().measures}
    assert {claim.direction for claim in CLAIMS.values()} == {"rises", "falls"}


def test_burst_and_steady_leadership_spend_the_same_dose():
    burst, steady = (load_scenario(name).dose() for name in ("burst_of_leadership", "steady_leadership"))
    assert burst == pytest.approx(steady)
    assert burst["leadership.effort"] == pytest.approx(2.25)


def test_joint_sessions_dispel_perceived_divergence():
    scenario = load_scenario("joint_sessions_and_showcase")
    assert effect_on("divergence", scenario, scenario.with_levers({"convening.sessions": 0})).high < 0.0


def test_performance_incentives_move_trust_by_less_than_a_tenth_of_what_leadership_does():
    baseline = load_scenario("baseline")
    money, leadership = (
        effect_on("trust", load_scenario(name), baseline)
        for name in ("performance_incentives", "sustained_leadership")
    )
    assert max(abs(money.low), abs(money.high)) < 0.1 * leadership.low


def test_a_flexible_contract_alone_federates_few_practices():
    """A calibration target: flexibilities lie unused where no local leader pushes (E09, E13)."""
    for name in ("south_somerset", "somerset", "rural", "urban"):
        scenario = load_scenario("flexible_contract").with_place(name)
        assert means_of_second_half(scenario)[theory().row("networked")].mean() < 0.1


def test_rules_on_conflicts_of_interest_keep_trust_where_networks_hold_contracts():
    scenario = load_scenario("family_care_network")
    ungoverned = scenario.with_levers({"contracting.conflict_governance": 0})
    assert effect_on("trust_commissioner_practice", scenario, ungoverned).low > 0.0


def test_networks_carry_a_population_contract_for_most_but_not_all_people():
    qualified = means_of_second_half(load_scenario("family_care_network"))[theory().row("qualified")].mean()
    assert 0.5 < qualified < 0.9


def about(name: str) -> str:
    """Return what a scenario is about."""
    if name not in CLAIMS:
        return "the reference"
    claim = CLAIMS[name]
    without = ", ".join(f"itself without `{lever}`" for lever in claim.without)
    said = f"`{claim.measure}` {claim.direction} against {without or f'`{claim.reference}`'}"
    return said if claim.agrees else f"{said}, **which is not what the source says**"


def setting(name: str, schedule: Schedule) -> str:
    """Describe how a policy block sets a lever."""
    match schedule:
        case Constant():
            return f"`{name}` {schedule.value:g}"
        case Step():
            return f"`{name}` {schedule.to:g} from year {schedule.at:g}"
        case Ramp():
            return f"`{name}` to {schedule.to:g} over years {schedule.start:g} to {schedule.end:g}"
        case Pulse():
            return f"`{name}` {schedule.to:g} in years {schedule.start:g} to {schedule.end:g}"
        case Dated():
            return f"`{name}` " + ", ".join(f"{value:g} from year {when:g}" for when, value in schedule.dates)
    raise AssertionError(f"the guide has no words for {schedule}")


def scenario_cells(name: str) -> tuple[str, ...]:
    """Return a scenario's cells of the guide, but for what has to be run."""
    scenario = load_scenario(name)
    sources = ", ".join(dict.fromkeys(re.findall(r"(?:KF|BMJ|FCN|ST|NHE)\d\d", scenario.source)))
    place = "" if scenario.place.stem == "south_somerset" else f", in `{scenario.place.stem}`"
    moved = [f"`{policy}`" for policy in scenario.policies]
    moved += [setting(lever, schedule) for lever, schedule in scenario.levers.items()]
    moved += [f"parameter `{parameter}` {value:g}" for parameter, value in scenario.parameters.items()]
    return f"{scenario.label}{place}", f"`{name}`", sources, ", ".join(moved) or "none", about(name)


def policy_cells(name: str) -> tuple[str, ...]:
    """Return a policy block's cells of the guide."""
    block = load_policy(name)
    settings = ", ".join(setting(lever, schedule) for lever, schedule in block.levers.items())
    return block.label, f"`{name}`", settings, ", ".join(block.evidence)


def line(cells: Iterable[str]) -> str:
    """Join cells to a line of a table."""
    return f"| {' | '.join(cells)} |"


def table(names: Iterable[str], replicates: int = REPLICATES_OF_GUIDE) -> list[str]:
    """Run scenarios and write their lines of the guide."""
    lines = []
    for name in names:
        standing = run(load_scenario(name), replicates)[1]["standing"]
        share = wilson_interval(int(standing.sum()), replicates)
        stands = f"{share.estimate:.0%} [{100 * share.low:.0f}, {100 * share.high:.0f}]"
        lines.append(line((*scenario_cells(name), stands)))
    return lines


def test_the_guide_says_of_every_scenario_and_policy_what_its_file_says():
    text = GUIDE.read_text(encoding="utf-8")
    for name in scenario_names():
        assert line(scenario_cells(name))[:-1] in text, RENEW
    for name in policy_names():
        assert line(policy_cells(name)) in text, RENEW


def renew_the_guide() -> None:
    """Write the tables into the guide, between their marks."""
    head = ("model of care or policy", "scenario", "source", "moved", "about", "stands at ten years")
    scenarios = [line(head), line(["---"] * len(head)), *table(("baseline", *CLAIMS))]
    head = ("policy", "block", "levers", "evidence")
    policies = [line(head), line(["---"] * len(head)), *(line(policy_cells(name)) for name in policy_names())]
    text = GUIDE.read_text(encoding="utf-8")
    for mark, lines in (("scenarios", scenarios), ("policies", policies)):
        before, start, rest = text.partition(f"<!-- {mark} -->\n")
        _, end, after = rest.partition(f"<!-- end of {mark} -->\n")
        text = before + start + "\n" + "\n".join(lines) + "\n\n" + end + after
    GUIDE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    renew_the_guide()
