"""Open a scenario file that a visitor sends: checked whole, by name only, never a path and never code."""

import tempfile
from pathlib import Path
from typing import Any

from abm.errors import InvalidInput, Problem
from abm.interface.page.session.question import Question, question_of
from abm.interface.page.session.visit_state import Session
from abm.model.scenario import load_scenario
from abm.model.shipped import is_path
from abm.records import Document

NAME = "your_file.yaml"
NAMED = ("place", "policies")
"""Keys whose values a file on disk would be opened for, if they were paths."""


def read_upload(session: Session, text: Any) -> None:
    """Ask what an uploaded scenario asks, or say what is wrong with it."""
    try:
        question = uploaded(text, session.limits.upload_bytes, session.question.value)
    except InvalidInput as error:
        session.say(error)
        return
    session.ask(question)


def uploaded(text: Any, most_bytes: int, now: Question) -> Question:
    """Turn the text of a scenario file into a question.

    Parameters
    ----------
    text : str
        What the browser sent.
    most_bytes : int
        Largest file.
    now : Question
        Whose seed, replicate and reference are kept.

    Raises
    ------
    InvalidInput
        With every problem.
    """
    if not isinstance(text, str) or len(text.encode("utf-8", "replace")) > most_bytes:
        raise InvalidInput([Problem(NAME, None, f"is not a text of up to {most_bytes:,} bytes")])
    document = Document.parse(text, NAME)
    data = document.data if isinstance(document.data, dict) else {}
    problems = list(path_problems(document, data))
    if problems:
        raise InvalidInput(problems)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_text(text, encoding="utf-8")
        try:
            scenario = load_scenario(path, allow_extensions=False)
        except InvalidInput as error:
            raise InvalidInput(
                Problem(NAME, problem.line, problem.message.replace(folder, "")) for problem in error.problems
            ) from None
    kept = {"seed": now.seed, "replicate": now.replicate, "reference": now.reference}
    return question_of(scenario, str(data["place"]), kept)


def path_problems(document: Document, data: dict[str, Any]) -> list[Problem]:
    """Find paths where a page opens names only."""
    found = []
    for key in NAMED:
        values = data.get(key)
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, str) and is_path(value):
                message = f"'{key}' is the path '{value}'; on this page give the name of what comes with abm"
                found.append(document.problem((key,), message))
    if data.get("extensions"):
        found.append(document.problem(("extensions",), "extensions are code; this page runs none"))
    return found
