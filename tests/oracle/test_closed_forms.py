"""A single tie follows its closed forms in both implementations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.policy.catalogue import parameter_values
from abm.world.place import Place

from .comparison import Snapshot, record_compiled, record_oracle
from .places import make_pair
from .policies import make_table

MONTHS = 60
CERTAIN = 28.0
"""Log-odds of a judgement that is as good as certain."""

Record = Callable[[Place, Lane, int], list[Snapshot]]

QUIET_LEVERS = {
    "leadership.turnover": [(0, 0.0)],
    "competition.challenge_rate": [(0, 0.0)],
    "competition.tender_rate": [(0, 0.0)],
}
NO_CONTACT = {
    "contact.chance": 0.0,
    "contact.board": 0.0,
    **{
        f"effort.capacity.{kind}": 0.0
        for kind in ("acute", "community", "commissioner", "practice", "local_authority")
    },
}
BOTH_FORMS = pytest.mark.parametrize("record", [record_oracle, record_compiled], ids=["oracle", "compiled"])


def history(
    record: Record, overrides: dict[str, float], levers: dict[str, list[tuple[int, float]]]
) -> dict[str, np.ndarray]:
    """Return trust and what it depends on over months, for the pair of organisations and their practice."""
    # The values may lie beyond the bounds of the records: certainty is not offered to users.
    parameters = {**parameter_values(), **overrides}
    lane = Lane(5, 2, parameters, make_table({**QUIET_LEVERS, **levers}, MONTHS))
    snapshots = record(make_pair(), lane, MONTHS)
    return {name: np.array([snapshot[name] for snapshot in snapshots]) for name in snapshots[0]}


@BOTH_FORMS
def test_trust_grows_by_good_meetings_alone(record: Record) -> None:
    """After n good meetings the distance to full trust is (1 - gain)^n of what it was."""
    found = history(
        record,
        {"encounter.base": CERTAIN, "trust.decay": 0.0, "trust.gain": 0.07},
        {"leadership.effort": [(0, 1.0)]},
    )
    held = np.cumsum(found["meetings"], axis=0)
    assert held[-1].min() > 20
    np.testing.assert_array_equal(found["good_meetings"], np.stack([found["meetings"]] * 2, axis=-1))
    expected = 1.0 - (1.0 - found["trust"][0]) * 0.93 ** held[..., np.newaxis]
    np.testing.assert_allclose(found["trust"], expected, rtol=0, atol=1e-12)


@BOTH_FORMS
def test_trust_falls_by_bad_meetings_alone(record: Record) -> None:
    """After n bad meetings trust is (1 - loss)^n of what it was."""
    found = history(
        record,
        {"encounter.base": -CERTAIN, "trust.decay": 0.0, "trust.loss": 0.02},
        {"leadership.effort": [(0, 1.0)]},
    )
    held = np.cumsum(found["meetings"], axis=0)
    assert held[-1].min() > 20
    assert not found["good_meetings"].any()
    np.testing.assert_allclose(
        found["trust"], found["trust"][0] * 0.98 ** held[..., np.newaxis], rtol=0, atol=1e-12
    )


@BOTH_FORMS
def test_trust_adapts_to_good_meetings(record: Record) -> None:
    """By the rule named after Kim, n good meetings leave (1 - adaptation)^n of the distance to full trust."""
    found = history(
        record,
        {"trust.rule": 2.0, "encounter.base": CERTAIN, "trust.decay": 0.0, "trust.adaptation": 0.05},
        {"leadership.effort": [(0, 1.0)]},
    )
    held = np.cumsum(found["meetings"], axis=0)
    assert held[-1].min() > 20
    expected = 1.0 - (1.0 - found["trust"][0]) * 0.95 ** held[..., np.newaxis]
    np.testing.assert_allclose(found["trust"], expected, rtol=0, atol=1e-12)


@BOTH_FORMS
def test_trust_follows_the_length_of_a_relation(record: Record) -> None:
    """By the rule of Klos and Nooteboom, trust is what the unbroken relation up to the last meeting warrants."""
    found = history(
        record,
        {
            "trust.rule": 1.0,
            "encounter.base": CERTAIN,
            "trust.decay": 0.0,
            "trust.base": 0.2,
            "trust.relation_factor": 0.4,
            "trust.relation_pace": 2.0,
        },
        {"leadership.effort": [(0, 1.0)]},
    )
    years = np.arange(MONTHS + 1)[:, np.newaxis] / 12.0
    assert not found["relation_start"].any()
    last_met = np.maximum.accumulate(np.where(found["meetings"] > 0, years, 0.0), axis=0)[..., np.newaxis]
    warranted = 1.0 - 1.0 / (0.4 * (1.0 + 2.0 * last_met) + 0.6)
    has_met = np.cumsum(found["meetings"], axis=0)[..., np.newaxis] > 0
    expected = np.where(has_met, np.maximum(found["trust"][0], 0.2 + 0.8 * warranted), found["trust"][0])
    np.testing.assert_allclose(found["trust"], expected, rtol=0, atol=1e-12)
    assert np.all(found["trust"][-1] > found["trust"][0])


@BOTH_FORMS
def test_trust_fades_without_contact(record: Record) -> None:
    """Without contact trust returns to its base exponentially, and divergence stays where it started."""
    found = history(record, {**NO_CONTACT, "trust.decay": 0.9, "trust.base": 0.15}, {})
    assert not found["meetings"].any()
    years = np.arange(MONTHS + 1)[:, np.newaxis, np.newaxis] / 12.0
    expected = 0.15 + (found["trust"][0] - 0.15) * np.exp(-0.9 * years)
    np.testing.assert_allclose(found["trust"], expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["divergence"], 0.6, rtol=0, atol=1e-12)


@BOTH_FORMS
def test_divergence_falls_with_contact(record: Record) -> None:
    """Without a return, n meetings leave exp(-xi n) of the divergence at the start."""
    found = history(record, {"trust.divergence_return": 0.0}, {"leadership.effort": [(0, 1.0)]})
    held = np.cumsum(found["meetings"], axis=0)
    expected = 0.6 * np.exp(-0.08 * held)[..., np.newaxis] * np.ones(2)
    np.testing.assert_allclose(found["divergence"], expected, rtol=0, atol=1e-12)


@BOTH_FORMS
def test_trust_above_base_shrinks_when_leaders_leave(record: Record) -> None:
    """Each exit of one's own leader keeps one share of trust above base, each of the other's another."""
    found = history(
        record, {**NO_CONTACT, "trust.decay": 0.0, "trust.base": 0.05}, {"leadership.turnover": [(0, 0.6)]}
    )
    left = np.cumsum(found["exits"], axis=0)
    assert left[-1].min() > 0
    ends = make_pair().tie_ends
    own, other = left[:, ends], left[:, ends[:, ::-1]]
    expected = 0.05 + (found["trust"][0] - 0.05) * 0.4**own * 0.75**other
    np.testing.assert_allclose(found["trust"], expected, rtol=0, atol=1e-12)
