"""A page started with a scenario that names an extension shows what the extension adds, like any other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.serving import artefact, served, set_slider_script, settled, visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EXAMPLES = Path(__file__).parents[2] / "docs" / "guides" / "examples"
SCENARIO = EXAMPLES / "peer_support.yaml"
LINK = (
    "?extension=peer_support&place=south_somerset&years=4&month=48&measure=peer_visits&set=peer.sessions%3D12"
    "&compare=baseline,mine"
)


def test_lever_measure_and_events_of_an_extension_are_on_the_page(browser: Browser, tmp_path: Path) -> None:
    with served(str(SCENARIO), log=tmp_path / "told") as (address, _):
        told = (tmp_path / "told").read_text()
        assert "extension=peer_support" in told.replace("\n", "")
        with visitor(browser, address, LINK) as page:
            settled(page)
            assert page.inner_text(".lab-readout-label") == "Peer visits"
            visits = float(page.inner_text(".lab-readout-value").split()[0])
            assert page.locator(".lab-entry", has_text="Peer visits: the first of this run").count() == 1
            slider = page.locator("#lever-peer-sessions")
            assert (slider.input_value(), slider.get_attribute("max")) == ("12", "12")
            page.evaluate(set_slider_script(".lab-timeline input[type=range]", 0))
            page.wait_for_function("location.search.includes('month=0')")
            page.evaluate(set_slider_script("#lever-peer-sessions", 2))
            page.wait_for_function("/peer.sessions(%3D|=)2/.test(location.search)")
            page.evaluate(set_slider_script(".lab-timeline input[type=range]", 48))
            page.wait_for_function(
                f"parseFloat(document.querySelector('.lab-readout-value').innerText) < {visits}"
            )
            settled(page)
            artefact(page, "extension")
            page.get_by_role("button", name="Compare", exact=True).click()
            page.wait_for_selector(".lab-compare .abm-network[data-drawn]:not([data-drawn='0'])")
            page.wait_for_selector("text=/Peer visits: difference from/", state="attached")
            artefact(page, "extension-compared")


def test_a_link_that_names_an_extension_is_refused_where_it_is_not(browser: Browser) -> None:
    with served() as (address, _), visitor(browser, address, LINK) as page:
        notice = page.inner_text(".lab-notice")
        assert "extension 'peer_support'" in " ".join(notice.split())
        assert "is code that this page was not started with" in " ".join(notice.split())
        assert "abm app --extension FILE" in notice
        settled(page)
