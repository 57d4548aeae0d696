"""However abm is installed, its scenarios are found by name from any directory, and others by path.

Each way of installing gets an environment of its own. The dependencies are those of the environment that runs the
tests, lent by path, so that nothing is downloaded; the package built and installed is this checkout's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

import abm

ROOT = Path(__file__).parents[2]
WAYS = ("wheel", "sdist", "editable")
SHIPPED = sorted(path.relative_to(ROOT / "scenarios") for path in (ROOT / "scenarios").rglob("*.yaml"))
MAIN_JOB = ("compare", "baseline", "sustained_leadership", "leadership_with_reform")

LOAD = """
import sys
from pathlib import Path
import abm
from abm.scenarios.library import shipped_directory
print(abm.load_scenario(sys.argv[1]).name, Path(abm.__file__).parent, shipped_directory(), sep="\\n")
"""
HELP = """
import sys
from importlib.metadata import entry_points
sys.argv = ["abm", "--help"]
(command,) = entry_points(group="console_scripts", name="abm")
try:
    command.load()()
except SystemExit as end:
    assert not end.code, end.code
assert not {"mesa", "numba", "pandas", "solara"} & set(sys.modules)
"""


class Environment:
    """A fresh virtual environment in which abm is installed one way.

    Parameters
    ----------
    folder : Path
        Where to make it.
    package : sequence of str
        What pip is to install.
    """

    def __init__(self, folder: Path, *package: str) -> None:
        self.folder = folder
        run([sys.executable, "-m", "venv", "--without-pip", str(folder)], cwd=ROOT)
        self.python = folder / "bin" / "python"
        own = run(
            [str(self.python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], cwd=ROOT
        )
        # The name sorts after that of an editable install, whose path must come first.
        lent = "\n".join(dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib")))
        Path(own.stdout.strip(), "zz_dependencies.pth").write_text(lent + "\n", encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "--disable-pip-version-check"]
        run(
            [*pip, "install", "--quiet", "--ignore-installed", "--no-deps", "--no-build-isolation", *package],
            cwd=ROOT,
        )

    def abm(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run the command ``abm``."""
        return run([str(self.folder / "bin" / "abm"), *arguments], cwd=cwd)

    def load(self, scenario: str, cwd: Path) -> list[str]:
        """Load a scenario; return its name, the package's folder and the shipped scenarios' folder."""
        return self.do(LOAD, scenario, cwd=cwd).stdout.split("\n")[:3]

    def do(self, program: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program, with no directory of its own on the path."""
        return run([str(self.python), "-P", "-c", program, *arguments], cwd=cwd)


def run(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed; nothing of this checkout or of its coverage leaks into it."""
    hidden = ("PYTHONPATH", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build the sdist from the checkout, and the wheel from the checkout."""
    folder = tmp_path_factory.mktemp("built")
    run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


@pytest.fixture(scope="module")
def environments(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Environment]:
    """Install abm each way."""
    packages = {"wheel": [str(built["wheel"])], "sdist": [str(built["sdist"])], "editable": ["-e", str(ROOT)]}
    folder = tmp_path_factory.mktemp("environments")
    return {way: Environment(folder / way, *package) for way, package in packages.items()}


@pytest.fixture(params=WAYS)
def installed(request: pytest.FixtureRequest, environments: dict[str, Environment]) -> Environment:
    """Return one environment after the other."""
    return environments[request.param]


def test_command_says_its_version(installed: Environment, tmp_path: Path) -> None:
    assert abm.__version__ in installed.abm("--version", cwd=tmp_path).stdout


def test_metadata_and_package_agree_on_the_version(installed: Environment, tmp_path: Path) -> None:
    program = "from importlib.metadata import version; import abm; assert version('abm') == abm.__version__"
    installed.do(program, cwd=tmp_path)


@pytest.mark.parametrize("directory", [Path("/"), ROOT, ROOT / "scenarios", Path.home()], ids=str)
def test_scenario_is_found_by_name_from_any_directory(installed: Environment, directory: Path) -> None:
    name, _, _ = installed.load("baseline", directory)
    assert name == "baseline"


def test_checkout_is_used_only_by_the_editable_install(environments: dict[str, Environment]) -> None:
    for way, environment in environments.items():
        _, package, shipped = environment.load("baseline", Path("/"))
        is_checkout = way == "editable"
        assert (Path(package) == ROOT / "abm") == is_checkout
        assert Path(shipped) == (ROOT / "scenarios" if is_checkout else Path(package) / "library")


@pytest.mark.parametrize("scenario", [path.stem for path in SHIPPED if len(path.parts) == 1])
def test_every_shipped_scenario_loads_from_the_wheel(
    environments: dict[str, Environment], scenario: str, tmp_path: Path
) -> None:
    assert environments["wheel"].load(scenario, tmp_path)[0] == scenario


def test_scenario_is_found_by_path(installed: Environment, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    shutil.copy(ROOT / "scenarios" / "sustained_leadership.yaml", tmp_path / "mine" / "own.yaml")
    for reference, directory in (
        ("mine/own.yaml", tmp_path),
        ("own.yaml", tmp_path / "mine"),
        (str(tmp_path / "mine" / "own.yaml"), Path("/")),
    ):
        assert installed.load(reference, directory)[0] == "sustained_leadership"


def test_help_waits_for_no_engine(installed: Environment, tmp_path: Path) -> None:
    assert "compare" in installed.do(HELP, cwd=tmp_path).stdout


def test_main_job_runs_from_the_wheel(environments: dict[str, Environment], tmp_path: Path) -> None:
    environments["wheel"].abm(*MAIN_JOB, "--replicates", "4", "--out", "results", cwd=tmp_path)
    made = {path.name for path in (tmp_path / "results").iterdir()}
    assert {"runs.parquet", "months.parquet", "manifest.json", "report.html"} <= made


def test_wheel_holds_the_package_and_every_scenario_and_nothing_else(built: dict[str, Path]) -> None:
    names = zipfile.ZipFile(built["wheel"]).namelist()
    assert {f"abm/library/{path.as_posix()}" for path in SHIPPED} <= set(names)
    assert {
        "abm/py.typed",
        "abm/submodels/trust/trust.yaml",
        "abm/submodels/federation/federation.yaml",
    } <= set(names)
    browser = ROOT / "abm" / "interface" / "page" / "widgets" / "browser"
    scripts = {path.relative_to(ROOT).as_posix() for path in browser.rglob("*") if path.is_file()}
    assert len(scripts) > 30 and scripts <= set(names)
    assert all(name.split("/")[0] == "abm" or ".dist-info/" in name for name in names)
    assert not [name for name in names if "__pycache__" in name]


def test_sdist_holds_all_that_the_gates_need(built: dict[str, Path]) -> None:
    with tarfile.open(built["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    listed = run(["git", "ls-files"], cwd=ROOT).stdout.split() if (ROOT / ".git").exists() else []
    assert set(listed) <= names
    assert {"pyproject.toml", "tests/__main__.py", "LICENSE", "README.md"} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith(".venv")]


def test_citation_names_this_version() -> None:
    assert f"\nversion: {abm.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
