"""Check an experiment on a foreign model without importing it: the file, and whether the class exists.

To import a module is to run it. What a model accepts and reports is known only then, so it is checked when the
experiment is planned, or on request.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from abm.errors import InvalidInput, did_you_mean
from abm.records import Document, bounds, check, complaint_of, read_content, shown, shown_path
from abm.scenarios.extensiontext import origin_of
from abm.sweeps.foreign.modelfile import ModelExperimentFile
from abm.sweeps.foreign.modelsources import NotFoundByName, module_and_name


def check_unimported(document: Document, folder: Path) -> tuple[ModelExperimentFile, Path]:
    """Check an experiment on a model as far as that goes without importing the model.

    Parameters
    ----------
    document : Document
        The file's.
    folder : Path
        Where the file lies; its model is looked for there too.

    Returns
    -------
    record : ModelExperimentFile
    source : Path
        The file that holds the model.

    Raises
    ------
    InvalidInput
        With every problem of the file, and a model that does not exist.
    """
    record, problems = check(document, ModelExperimentFile)
    reference = document.data.get("model") if isinstance(document.data, dict) else None
    source, complaint = None, ""
    if isinstance(reference, str) and reference:
        source, complaint = _found(reference, folder.resolve())
    if complaint:
        problems = (*problems, document.problem(("model",), f"model is {shown(reference)}; {complaint}"))
    if record is None or source is None or complaint:
        raise InvalidInput(problems)
    return record, source


def _found(reference: str, folder: Path) -> tuple[Path | None, str]:
    """Find the source that a reference names, or return what is wrong with it."""
    try:
        module, name = module_and_name(reference)
    except NotFoundByName as error:
        return None, str(error)
    beside = folder.joinpath(*module.split("."))
    own = (file for file in (beside.with_suffix(".py"), beside / "__init__.py") if file.is_file())
    source = next(own, None) or origin_of(module)
    if source is None:
        told = f"there is no module '{module}'; it is looked for among installed packages and in {folder}"
        return None, f"{told}; check its spelling, or install it"
    try:
        tree = ast.parse(read_content(source, bounds.SOURCE_BYTES))
    except SyntaxError as error:
        return source, f"{shown_path(source)} is not Python: line {error.lineno}, {error.msg}; fix it"
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        return source, f"{shown_path(source)} {complaint_of(error)}"
    names = list(_names(tree))
    if name not in names and "*" not in names and "__getattr__" not in names:
        return source, f"module '{module}' has no '{name}'{did_you_mean(name, names)}"
    return source, ""


def _names(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module binds anywhere; '*' if it imports all names of another."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
