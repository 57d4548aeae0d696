"""The importer on the publishers' own files, which are not ours to pass on; ABM_DATA_DIR says where they are."""

import os
from pathlib import Path

import numpy as np
import pytest

from abm.world.description import describe
from abm.world.place import OrganisationKind
from abm.world.publishers import Publications, build_place, read_folder

SOMERSET = "11X"


@pytest.fixture(scope="module")
def data() -> Publications:
    """Read the publishers' files."""
    folder = os.environ.get("ABM_DATA_DIR")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set ABM_DATA_DIR to a folder with the publishers' files (docs/guides/places.md)")
    return read_folder(folder)


def test_somerset_is_built_with_the_beds_of_a_merged_provider(data: Publications) -> None:
    place, told = build_place(data, [SOMERSET], "somerset")
    taunton, yeovil = place.organisation_id.index("RH5"), place.organisation_id.index("RA4")
    assert (place.beds[taunton], place.beds[yeovil]) == (554.0, 360.0)
    assert "RBA to RH5" in told.text()
    flows = dict(zip(place.flow_provider.tolist(), place.flow_of_place.tolist(), strict=True))
    assert flows[taunton] == pytest.approx(0.53, abs=0.005)
    assert flows[yeovil] == pytest.approx(0.23, abs=0.005)
    assert place.population.sum() == pytest.approx(551_639, rel=0.1)
    assert 60 <= len(place.of_kind(OrganisationKind.PRACTICE)) <= 75


def test_england_is_built_and_resembles_what_is_published(data: Publications) -> None:
    place, told = build_place(data, None, "england")
    figures = describe(place).figures
    assert len(place.place_names) > 180
    assert figures["main_share_mean"] == pytest.approx(0.73, abs=0.02)
    assert figures["main_share_sd"] == pytest.approx(0.16, abs=0.01)
    assert figures["shared_providers"] == pytest.approx(110, abs=10)
    assert figures["nearest_hospital_km"] == pytest.approx(5.6, abs=0.6)
    assert np.all(place.beds >= 1.0)
    text = told.text(is_full=True)
    assert "of different times" in text
    general = [row.code for row in data.practices.values() if row.status == "A" and row.setting == "4"]
    lost = [code for code in {*general, *data.lists} - {*place.organisation_id} if code not in text]
    assert lost == []


@pytest.mark.parametrize("code", ["15N", "99P", "08T"])
def test_any_commissioner_is_built_or_refused_with_a_reason(code: str, data: Publications) -> None:
    from abm.errors import InvalidInput

    try:
        place, _ = build_place(data, [code], "any")
    except InvalidInput as error:
        assert "no open practice" in str(error)
    else:
        assert len(place.place_names) == 1
