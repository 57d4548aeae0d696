"""Try the gates on the newest and on the lowest versions of what abm needs: ``python -m tests.dependencies``.

Releases of dependencies move under us. `constraints.txt` names the versions with which all gates passed last, and the
README's commands install these; the ranges in `pyproject.toml` stay open. This command makes two fresh environments,
one of the newest versions that the ranges permit, one of the lowest of each package that abm names itself, runs the
gates in both, and says which versions differ and what broke. If the gates passed on the newest, it writes
`constraints.txt` anew.

Run it from the root of a checkout.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.__main__ import all_gates

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"
CONSTRAINTS = ROOT / "constraints.txt"
HEADER = """\
# Versions with which every gate passed; 'pip install -c constraints.txt .' takes these, also where newer ones are out.
# Written by 'python -m tests.dependencies', which tries the newest and the lowest versions; do not edit.
"""
SETS = ("newest", "lowest")
OF_THE_TESTED_SET = ("format", "lint", "types", "golden")
"""Gates that say nothing of abm on the lowest versions: they judge the sources by their tools and by others' types, or
compare to the last bit what another compiler may round otherwise."""
BROKEN = re.compile(r"^(?:FAILED|ERROR) .*|^.*: error: .*|^\S+ +(?:FAILED|HUNG) .*", re.MULTILINE)
"""Lines of the gates that say what broke."""


@dataclass(frozen=True)
class Trial:
    """What came of one set of versions.

    Attributes
    ----------
    name : str
        ``newest`` or ``lowest``.
    versions : dict of str to str
        Version by package.
    failure : str
        What broke; empty if all gates passed.
    """

    name: str
    versions: dict[str, str]
    failure: str


def read_versions(text: str) -> dict[str, str]:
    """Return the version of each package of a constraints file."""
    found = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            requirement = Requirement(line)
            (pin,) = requirement.specifier
            found[str(canonicalize_name(requirement.name))] = pin.version
    return found


def project() -> dict[str, Any]:
    """Return what the project says of itself."""
    found: dict[str, Any] = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    return found


def named_requirements() -> list[Requirement]:
    """Return every requirement that the project names, those of extras included, but not its own extras."""
    extras = project()["optional-dependencies"].values()
    texts = [*project()["dependencies"], *(text for extra in extras for text in extra)]
    found = [Requirement(text) for text in texts]
    return [requirement for requirement in found if requirement.name != project()["name"]]


def supported_pythons() -> list[str]:
    """Return the versions of Python that the project's classifiers name."""
    prefix = "Programming Language :: Python :: "
    found = [text.removeprefix(prefix) for text in project()["classifiers"] if text.startswith(prefix)]
    return [version for version in found if "." in version]


class Resolver:
    """Choose versions with uv, which knows how to choose the lowest, and how to choose for another Python.

    Parameters
    ----------
    folder : Path
        For an environment with uv.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        run([new_environment(folder), "-m", "pip", "install", "-qq", "uv"])

    def newest(self) -> str:
        """Return the newest versions that the ranges and the oldest supported Python permit, one a line."""
        return self.compile("--resolution", "highest", "--python-version", supported_pythons()[0])

    def lowest(self) -> str:
        """Return the lowest versions of what the project names, and the newest of what these need, one a line."""
        return self.compile("--resolution", "lowest-direct", "--python-version", supported_pythons()[0])

    def check(self, versions: Path, python: str) -> None:
        """Check that a version of Python can take some versions.

        Raises
        ------
        subprocess.CalledProcessError
            If it cannot; uv has said why.
        """
        self.compile("--constraint", str(versions), "--python-version", python)

    def compile(self, *options: str) -> str:
        """Return what uv chooses for the project with all its extras, one a line."""
        command = [
            str(self.folder / "bin" / "uv"),
            "pip",
            "compile",
            "--quiet",
            "--no-header",
            "--no-annotate",
        ]
        return run([*command, "--all-extras", *options, str(PROJECT)])


def run(command: list[str]) -> str:
    """Run a command that must succeed, and return what it prints."""
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def new_environment(folder: Path) -> str:
    """Build an environment, and return its interpreter."""
    venv.create(folder, with_pip=True)
    return str(folder / "bin" / "python")


def try_versions(name: str, versions: str, gates: list[str], scratch: Path) -> Trial:
    """Install a set of versions and run the gates on it.

    Parameters
    ----------
    name : str
        Name of the set.
    versions : str
        Its versions, one a line.
    gates : list of str
        Gates to run.
    scratch : Path
        Folder for the environment.
    """
    held = scratch / f"{name}.txt"
    held.write_text(versions, encoding="utf-8")
    python = new_environment(scratch / name)
    print(f"\n=== {name}: installing ===", flush=True)
    install = [python, "-m", "pip", "install", "-qq", "-c", str(held), ".[dev]"]
    if subprocess.run(install, cwd=ROOT, check=False).returncode != 0:
        return Trial(name, read_versions(versions), "cannot be installed")
    print(f"=== {name}: gates ===", flush=True)
    # Kernels of one release of numba are not to be taken for those of another.
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(scratch / f"{name} kernels")}
    said = []
    with subprocess.Popen(
        [python, "-m", "tests", *gates],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            said.append(line)
    broken = "" if process.returncode == 0 else broken_lines("".join(said))
    return Trial(name, read_versions(versions), broken)


def broken_lines(said: str) -> str:
    """Return the lines of the gates' output that say what broke."""
    return "\n".join(BROKEN.findall(said)) or "the gates failed without saying why; see above"


def report(trials: list[Trial], held: dict[str, str]) -> str:
    """Return what differs from the constraints, and what broke.

    Parameters
    ----------
    trials : list of Trial
        Sets that were tried.
    held : dict of str to str
        Versions in the constraints before.
    """
    lines = []
    for trial in trials:
        lines.append(f"\n{trial.name}: {'broke' if trial.failure else 'all gates passed'}")
        for package in sorted(held.keys() | trial.versions.keys()):
            before, now = held.get(package, "absent"), trial.versions.get(package, "absent")
            if before != now:
                lines.append(f"  {package:<28}{before:>16} -> {now}")
        lines += [f"  {line}" for line in trial.failure.splitlines()]
    return "\n".join(lines)


def main() -> int:
    """Try the sets named on the command line, or both; return 1 if anything broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.dependencies", description=__doc__)
    parser.add_argument("set", nargs="*", help="newest, lowest; both if none is named")
    parser.add_argument("--gates", nargs="+", default=[], help="gates to run; all if none is named")
    chosen = parser.parse_args()
    if unknown := [name for name in chosen.set if name not in SETS]:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(SETS)}")
    held = read_versions(CONSTRAINTS.read_text(encoding="utf-8")) if CONSTRAINTS.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        resolver = Resolver(scratch / "resolver")
        trials = []
        for name in chosen.set or SETS:
            versions = resolver.newest() if name == "newest" else resolver.lowest()
            names = [gate.name for gate in all_gates(scratch)]
            gates = [gate for gate in names if name == "newest" or gate not in OF_THE_TESTED_SET]
            trial = try_versions(name, versions, chosen.gates or gates, scratch)
            trials.append(trial)
            if name == "newest" and not trial.failure:
                for other in supported_pythons():
                    resolver.check(scratch / f"{name}.txt", other)
                CONSTRAINTS.write_text(HEADER + versions, encoding="utf-8")
    print(report(trials, held), flush=True)
    return int(any(trial.failure for trial in trials))


if __name__ == "__main__":
    sys.exit(main())
