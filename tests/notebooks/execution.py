"""Run notebooks from this checkout, and keep of their outputs what readers are to see."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CELL_SECONDS = 120


def read(path: Path) -> nbformat.NotebookNode:
    """Read a notebook."""
    return nbformat.read(path, as_version=4)


def executed(path: Path, folder: Path) -> nbformat.NotebookNode:
    """Run a notebook, from the root so that `import abm` is this checkout; what it writes goes to a folder."""
    notebook = read(path)
    prologue = nbformat.v4.new_code_cell(f"import sys\nsys.path.insert(0, {str(ROOT)!r})")
    notebook.cells.insert(0, prologue)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    del notebook.cells[0]
    return notebook


def renew(path: Path, folder: Path) -> None:
    """Store what a notebook's cells say and draw today, but for what the tools around it say on standard error."""
    kept, notebook = read(path), executed(path, folder)
    notebook.metadata = kept.metadata
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, start=1):
        cell.execution_count = number
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = with_palette(output.data["image/png"])
    nbformat.write(notebook, path)


def with_palette(png: str) -> str:
    """Write a picture, in base64, with 256 colours: a third of the size, and no difference that can be seen."""
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    stream = io.BytesIO()
    plain = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    plain.save(stream, "png", optimize=True)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def texts(notebook: nbformat.NotebookNode) -> list[str]:
    """List what each code cell says, without pictures."""
    said = []
    for cell in notebook.cells:
        parts = [output.text for output in cell.get("outputs", []) if output.get("name") == "stdout"]
        parts += [
            output.data["text/plain"]
            for output in cell.get("outputs", [])
            if output.output_type == "execute_result"
        ]
        if cell.cell_type == "code":
            said.append("".join(parts))
    return said
