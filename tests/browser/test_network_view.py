"""The network in a real browser: what is drawn, picked, zoomed and said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import abm
from abm.interface.app.network_values import values_of
from abm.interface.app.network_view import NetworkView
from tests.browser.stage import show

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def model() -> abm.IntegrationModel:
    made = abm.IntegrationModel("leadership_with_reform", seed=1)
    for _ in range(60):
        made.step()
    return made


def test_a_place_is_drawn_in_full(browser: Browser, model: abm.IntegrationModel) -> None:
    page = browser.new_page()
    values = values_of(model.place, model.batch.state.arrays, model.month)
    show(page, NetworkView.of(model.place, values))
    root = page.locator(".abm-network[data-month='60']")
    root.wait_for()
    assert root.get_attribute("data-renderer") == "webgl2"
    assert root.get_attribute("data-organisations") == str(model.place.organisations)
    assert root.get_attribute("data-ties") == str(model.place.ties)
    page.close()
