"""The page of one visitor, as Solara starts it for every browser."""

import logging
import uuid
from typing import Any

import solara

from abm.interface.page.compare.compare_tab import Compare
from abm.interface.page.compare.comparison_state import ComparisonState
from abm.interface.page.explore.explore_tab import Explore
from abm.interface.page.landscape.landscape_state import LandscapeState
from abm.interface.page.landscape.landscape_tab import Landscape
from abm.interface.page.session.download import command_line, results_file, scenario_file
from abm.interface.page.session.link import TABS, to_query
from abm.interface.page.session.services import COUNTER
from abm.interface.page.session.upload import read_upload
from abm.interface.page.session.visit_state import EXPLORE_REPLICATES, Session
from abm.interface.page.widgets.controls import Action, Address, Masthead
from abm.interface.page.widgets.elements import Press, box

logger = logging.getLogger(__name__)
TITLE = "abm: a policy laboratory for integrated care"


@solara.component
def Layout(children: Any) -> None:
    """Show pages without the bar that Solara puts above them."""
    box("lab-layout", children=children)


@solara.component
def Page() -> None:
    """Show the page of one visitor; a fault in it is reported to the operator, and the visitor sees an apology."""
    problem, _ = solara.use_exception()
    if problem is None:
        Visit().key("visit")
    else:
        logger.error("the page of a visitor failed", exc_info=problem)
        Broken().key("broken")


@solara.component
def Broken() -> None:
    """Show an apology and the way back."""
    with box("lab lab-broken", "main", role="alert"):
        box("", "h1", ["Something went wrong on this page"])
        box(
            "",
            "p",
            [
                "It was not your fault. The address holds what you were looking at, so reloading brings it back."
            ],
        )
        box("lab-primary", "a", ["Start afresh"], href=".")


@solara.component
def Visit() -> None:
    """Show the page of one visitor."""
    router = solara.use_router()
    services = COUNTER.services()
    session = solara.use_memo(
        lambda: Session(
            uuid.uuid4().hex,
            services.workshop,
            services.limits,
            router.search or "",
            atlas=services.atlas,
            courses=services.courses,
            extensions=services.extensions,
        ),
        [],
    )
    comparison = solara.use_memo(lambda: ComparisonState(session), [])
    landscape = solara.use_memo(lambda: LandscapeState(session, services.sweep), [])
    solara.use_effect(lambda: session.close, [])
    solara.Title(TITLE)
    with box("lab"):
        Head(session)
        Notice(session)
        Body(session, comparison, landscape)
        Link(session, comparison, landscape)


@solara.component
def Head(session: Session) -> None:
    """Show the head of the page."""
    question = session.question.value
    size = min(EXPLORE_REPLICATES, session.limits.replicates)
    command = solara.use_memo(lambda: command_line(question, size), [question])

    def act(action: Action | None) -> None:
        if action is not None:
            answer_head(session, action)

    Masthead.element(
        tab=session.tab.value,
        command=command,
        most_bytes=session.limits.upload_bytes,
        on_action=act,
    )


def answer_head(session: Session, action: Action) -> None:
    """Carry out what a visitor asks in the head of the page."""
    content = action.content
    if action.kind == "tab" and content.get("tab") in TABS:
        session.tab.set(str(content["tab"]))
    elif action.kind == "theme" and content.get("theme") in ("light", "dark"):
        session.theme.set(str(content["theme"]))
    elif action.kind == "take":
        take(session, str(content.get("what")), action)
    elif action.kind == "upload":
        read_upload(session, content.get("text"))


def take(session: Session, what: str, action: Action) -> None:
    """Send the browser a file that the visitor takes away."""
    question, sample = session.question.value, session.sample.value
    if what in ("scenario", "reference"):
        file = scenario_file(question, is_reference=what == "reference")
    elif what in ("csv", "parquet"):
        if sample is None:
            session.notice.set("The replicates are still being simulated; try again in a moment.")
            return
        names = (question.reference, scenario_file(question).name.removesuffix(".yaml"))
        file = results_file(sample, names, what)
    else:
        return
    action.reply({"kind": "file", "name": file.name, "type": file.type}, [file.content])


@solara.component
def Link(session: Session, comparison: ComparisonState, landscape: LandscapeState) -> None:
    """Update the address of the page, after everything else."""
    Address.element(query=to_query(landscape.seen(comparison.seen(session.view()))))


@solara.component
def Notice(session: Session) -> None:
    """Show the present notice, if there is one."""
    text = session.notice.value
    with box("lab-notice-host", role="alert"):
        if text:
            with box("lab-notice"):
                box("", "p", [text])
                Press("Dismiss", lambda: session.notice.set(""))


@solara.component
def Body(session: Session, comparison: ComparisonState, landscape: LandscapeState) -> None:
    """Show the chosen tab."""
    if session.tab.value == "compare":
        Compare(session, comparison)
    elif session.tab.value == "landscape":
        Landscape(session, landscape)
    else:
        Explore(session)
