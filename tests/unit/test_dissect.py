"""`abm structure` prints and writes what surgeries change, and refuses what is wrong before it starts."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from abm.interface.cli.dissection import FILES
from abm.interface.cli.program import app

SMALL = ("--replicates", "3", "--years", "1", "--workers", "1")


@pytest.fixture(autouse=True)
def away(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_every_table_is_printed_within_eighty_columns_and_written():
    done = run("structure", "baseline", *SMALL, "--place", "urban", "--place", "region", "--out", "there")
    assert done.exit_code == 0, done.output
    for head in (
        "What surgery changes",
        "How trust is arranged",
        "Variance of trust",
        "Brokers",
        "Who is left out",
    ):
        assert done.stdout.count(head) == 2, head
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert sorted(path.name for path in Path("there").iterdir()) == sorted(FILES)
    runs = pq.read_table("there/runs.parquet").to_pydict()
    assert len(runs["standing"]) == 3 * (6 + 7)
    measures = pq.read_table("there/measures.parquet").to_pydict()
    assert {"reciprocity_all", "agreement", "variance_chance", "spread_ratio", "transitivity"} <= set(
        measures["measure"]
    )
    assert pq.read_table("there/organisations.parquet").num_rows > 40
    assert pq.read_table("there/surgeries.parquet").num_rows == 6 + 7
    manifest = json.loads(Path("there/manifest.json").read_text())
    assert manifest["runs"]["done"] == 39
    assert "--place region" in manifest["invocation"]["command"]
    assert Path("there/surgeries.svg").read_text().startswith("<svg")


def test_a_lever_that_is_set_holds_in_every_surgery_and_one_run_is_enough():
    done = run("structure", "baseline", *SMALL[2:], "--replicates", "1", "--set", "form.mandate=1")
    assert done.exit_code == 0, done.output
    assert not list(Path.cwd().iterdir())
    assert "takes two runs or more" in done.stdout


def test_all_that_is_wrong_is_told_at_once_and_nothing_written():
    Path("there").mkdir()
    done = run(
        "structure", "baseline", "--place", "atlantis", "--replicates", "none", "--set", "leadership.efort=1",
        "--years", "0", "--out", "there",
    )  # fmt: skip
    assert done.exit_code == 2
    for told in ("atlantis", "--replicates", "leadership.efort", "--years", "'there' exists"):
        assert told in done.stderr, told
    assert "Traceback" not in done.output
    assert not list(Path("there").iterdir())


def test_a_place_is_named_once_and_a_scenario_exists():
    done = run("structure", "baseline", *SMALL, "--place", "urban", "--place", "urban")
    assert done.exit_code == 2
    assert "'urban' is named 2 times" in done.stderr
    assert run("structure", "bosline").exit_code == 2


def test_an_extension_of_the_user_runs_beside_the_surgeries():
    example = Path(__file__).resolve().parents[2] / "docs/guides/examples/peer_support.py"
    done = run("structure", "baseline", *SMALL, "--extension", example, "--set", "peer.sessions=6")
    assert done.exit_code == 0, done.output
    assert "Silence practices" in " ".join(done.stdout.split())
