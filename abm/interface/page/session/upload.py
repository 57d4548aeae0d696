"""Open a scenario file that a visitor sends: it is checked as a whole, and brings neither paths nor code."""

import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from abm.errors import InvalidInput, Problem
from abm.interface.page.session.link import NOT_LOADED
from abm.interface.page.session.question import Question, question_of
from abm.interface.page.session.visit_state import Session
from abm.records import Document
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions
from abm.scenarios.library import is_path
from abm.scenarios.scenario import load_scenario

NAME = "your_file.yaml"
NAMED = ("place", "policies")
"""Keys whose values would make the server open a file if they were paths."""


def read_upload(session: Session, text: Any) -> None:
    """Ask what an uploaded scenario asks, or show what is wrong with it."""
    try:
        question = uploaded(text, session.limits.upload_bytes, session.question.value)
    except InvalidInput as error:
        session.say(error)
        return
    session.ask(question)


def uploaded(text: Any, most_bytes: int, now: Question) -> Question:
    """Return the question that the text of a scenario file asks.

    Parameters
    ----------
    text : str
        The text, as the browser sent it.
    most_bytes : int
        Largest file.
    now : Question
        The present question, whose seed, replicate, reference and extensions are kept.

    Raises
    ------
    InvalidInput
        With every problem.
    """
    if not isinstance(text, str) or len(text.encode("utf-8", "replace")) > most_bytes:
        raise InvalidInput([Problem(NAME, None, f"is not a text of up to {most_bytes:,} bytes")])
    document = Document.parse(text, NAME)
    data = document.data if isinstance(document.data, dict) else {}
    problems = list(path_problems(document, data, now.extensions))
    if problems:
        raise InvalidInput(problems)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_text(text, encoding="utf-8")
        try:
            scenario = load_scenario(path, allow_extensions=False, extensions=now.extensions)
        except InvalidInput as error:
            raise InvalidInput(
                Problem(NAME, problem.line, problem.message.replace(folder, "")) for problem in error.problems
            ) from None
    kept = {"seed": now.seed, "replicate": now.replicate, "reference": now.reference}
    return question_of(scenario, str(data["place"]), kept)


def path_problems(
    document: Document, data: dict[str, Any], extensions: Extensions = NO_EXTENSIONS
) -> list[Problem]:
    """List paths where only names are allowed, and extensions with which the page was not started."""
    found = []
    for key in NAMED:
        values = data.get(key)
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, str) and is_path(value):
                message = f"'{key}' is the path '{value}'; this page takes names of what comes with abm, and no paths"
                found.append(document.problem((key,), message))
    named = data.get("extensions")
    loaded = {name for source in extensions.sources for name in (source.name, own_name(source.reference))}
    for position, reference in enumerate(named if isinstance(named, list) else []):
        if isinstance(reference, str) and own_name(reference) not in loaded:
            message = f"extension '{reference}' {NOT_LOADED}"
            found.append(document.problem(("extensions", position), message))
    return found


def own_name(reference: str) -> str:
    """Return the name of an extension's file without folder and ending, or of its module."""
    path = PurePosixPath(reference.replace("\\", "/"))
    if path.suffix != ".py":
        return path.name
    return path.parent.name if path.stem == "__init__" else path.stem
