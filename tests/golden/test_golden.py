"""A change of the code moves no result; where one should, ``python -m tests.golden`` records the tables anew."""

import pytest

from tests.golden.tables import arithmetic, differences, groups, recorded, table_of

RECORDED = recorded()


def test_every_group_is_recorded() -> None:
    assert tuple(RECORDED["groups"]) == groups()


@pytest.mark.parametrize("group", groups())
def test_no_measure_month_outcome_or_content_hash_has_moved(group: str) -> None:
    if arithmetic() != RECORDED["arithmetic"]:
        pytest.skip("needs the mathematical library on which the golden tables were recorded")
    moved = differences(RECORDED["groups"][group], table_of(group))
    assert not moved, "\n".join(
        [*moved, "where this is meant, run 'python -m tests.golden' and say in the commit why results move"]
    )
