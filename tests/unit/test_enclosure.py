"""A sweep stays in its directory: through no link is anything written or read elsewhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from abm.errors import InvalidInput
from abm.files.claim import claimed
from abm.files.destination import Destination
from abm.files.enclosure import require_enclosed
from abm.interface.cli.program import app
from abm.runs.results import manifest_hash
from abm.sweeps.design.inputs import Inputs, bundle_id
from abm.sweeps.engines.job_array import Site, write_job_array
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.shard import run_shard
from abm.sweeps.sweep import Sweep
from tests.unit.sweeping import carried_out, planned

ENTRIES = (
    "inputs",
    "inputs/ID",
    "inputs/ID/FILE",
    "shards",
    "shards/000",
    "shards/000/000000.json",
    "shards/000/000000.host-1.running",
    "compact",
    "compact/compact.json",
    "slurm",
    "slurm/logs",
    "points.parquet",
    "lock.json",
    ".tmp-probe",
    "ro-crate-metadata.json",
    "anything",
)
COMMANDS = (
    ("run",),
    ("resume",),
    ("shard", "0"),
    ("status",),
    ("verify",),
    ("compact",),
    ("crate",),
    ("expand", "--replicates", "9"),
    ("slurm-script", "--no-compile"),
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    """Plan a sweep and carry it out, once for all tests, which copy it."""
    manifest = planned(tmp_path_factory.mktemp("sound"))
    carried_out(manifest.directory)
    return manifest.directory


@pytest.fixture
def sweep(sound, tmp_path) -> Path:
    copied = tmp_path / "sweep"
    shutil.copytree(sound, copied)
    return copied


@pytest.fixture
def elsewhere(tmp_path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "kept").write_text("mine", encoding="utf-8")
    return folder


def lead_out(sweep: Path, entry: str, target: Path) -> Path:
    """Replace an entry of a sweep by a link that leads out of it."""
    if "ID" in entry:
        (bundle,) = (sweep / "inputs").iterdir()
        (file,) = (path for path in bundle.rglob("*") if path.is_file())
        entry = entry.replace("ID", bundle.name).replace("FILE", file.relative_to(bundle).as_posix())
    link = sweep / entry
    if link.is_dir():
        shutil.rmtree(link)
    link.unlink(missing_ok=True)
    link.parent.mkdir(parents=True, exist_ok=True)
    is_file = "." in link.name
    link.symlink_to(target / "kept" if is_file else target, target_is_directory=not is_file)
    return link


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*")}


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_link_that_leads_out_is_refused_and_nothing_is_written_there(sweep, elsewhere, entry):
    link = lead_out(sweep, entry, elsewhere)
    for command in (("run",), ("verify",)):
        result = CliRunner().invoke(app, ["sweep", command[0], str(sweep), *command[1:]])
        assert result.exit_code == 2
        assert "is a link that leads out of the sweep" in result.output
    assert contents(elsewhere) == {"kept": b"mine"}
    assert link.is_symlink()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize("entry", ["inputs", "shards", "lock.json"])
def test_every_command_refuses_a_link_that_leads_out(sweep, elsewhere, entry, command):
    lead_out(sweep, entry, elsewhere)
    result = CliRunner().invoke(app, ["sweep", command[0], str(sweep), *command[1:]])
    assert result.exit_code == 2 and "leads out of the sweep" in result.output
    assert contents(elsewhere) == {"kept": b"mine"}


@pytest.mark.parametrize("entry", ["shards", "shards/000", "shards/000/000000.json", "inputs", "inputs/ID"])
def test_a_single_shard_is_not_written_through_a_link_either(sweep, elsewhere, entry):
    lead_out(sweep, entry, elsewhere)
    with pytest.raises(InvalidInput, match="is a link|through a link"):
        run_shard(sweep, 0)
    assert contents(elsewhere) == {"kept": b"mine"}


def test_all_links_are_told_at_once_also_broken_ones_and_loops(sweep, elsewhere):
    (sweep / "a").symlink_to(elsewhere)
    (sweep / "shards" / "b").symlink_to("/nowhere/at/all")
    (sweep / "c").symlink_to(sweep / "c")
    (sweep / "d").symlink_to("../elsewhere")
    with pytest.raises(InvalidInput) as refused:
        require_enclosed(sweep)
    assert [Path(problem.file).name for problem in refused.value.problems] == ["a", "c", "d", "b"]


def test_a_sweep_may_be_reached_through_a_link_and_hold_links_within(sweep, tmp_path):
    (tmp_path / "link").symlink_to(sweep)
    (sweep / "latest").symlink_to("shards")
    assert Sweep(tmp_path / "link").survey(is_thorough=True).is_complete


def edited(sweep: Path, **changes) -> None:
    """Change a manifest, as somebody may who makes its hash anew."""
    content = json.loads((sweep / "manifest.json").read_text(encoding="utf-8")) | changes
    content["manifest_sha256"] = manifest_hash(content)
    (sweep / "manifest.json").write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("identity", "name", "told"),
    [
        ("../../elsewhere", "x.yaml", "does not match its own hash"),
        (None, "../../../elsewhere/x.yaml", "outside its folder"),
        (None, "/tmp/x.yaml", "outside its folder"),
    ],
)
def test_a_manifest_cannot_name_files_outside_its_sweep(sweep, elsewhere, identity, name, told):
    bundle = {"main": name, "files": {name: {"text": "place"}}}
    with pytest.raises(ValueError, match=told):
        Inputs({identity or bundle_id(bundle): bundle}, sweep).path(identity or bundle_id(bundle))
    assert contents(elsewhere) == {"kept": b"mine"}


@pytest.mark.parametrize(
    "changes",
    [
        {"blocks": [{}]},
        {"blocks": 3},
        {"bases": None},
        {"experiment": []},
        {"blocks": [{"bases": [0], "points": [0, 10**15], "replicates": [0, 10**6], "shard_runs": 1}]},
        {"blocks": [{"bases": [0], "points": [5, 0], "replicates": [0, 1], "shard_runs": 1}]},
        {"blocks": [{"bases": [7], "points": [0, 1], "replicates": [0, 1], "shard_runs": 1}]},
        {"blocks": [{"bases": [0], "points": [0, 1], "replicates": [0, 1], "shard_runs": 0}]},
        {"blocks": [{"bases": [0], "points": ["a", 1], "replicates": [0, 1], "shard_runs": 1}]},
    ],
)
def test_a_manifest_with_a_hash_of_its_own_may_still_be_nonsense(sweep, changes):
    edited(sweep, **changes)
    with pytest.raises(InvalidInput, match="plan again|shards"):
        Manifest.read(sweep)


def test_results_replace_a_directory_with_links_and_leave_alone_where_they_lead(tmp_path, elsewhere):
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").symlink_to(elsewhere / "kept")
    (out / "runs.parquet").symlink_to(elsewhere)
    with Destination(out, force=True).staged() as directory:
        (directory / "manifest.json").write_text("new", encoding="utf-8")
    assert (out / "manifest.json").read_text(encoding="utf-8") == "new"
    assert contents(elsewhere) == {"kept": b"mine"}


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize(
    "words",
    [
        ("place", "describe", "south_somerset", "--force", "--out", "OUT.svg"),
        ("place", "export", "south_somerset", "OUT.graphml", "--force"),
        ("place", "build", ".", "--all", "--force", "--out", "OUT.npz"),
        ("calibrate", "--force", "--out", "OUT.json"),
        ("order", "--picture", "OUT.svg"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_no_file_is_written_through_a_link(tmp_path, elsewhere, monkeypatch, words, is_there):
    monkeypatch.chdir(tmp_path)
    target = elsewhere / ("kept" if is_there else "new")
    out = next(word for word in words if word.startswith("OUT"))
    Path(out).symlink_to(target)
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 2 and ("link" in result.output or "exists" in result.output)
    assert contents(elsewhere) == {"kept": b"mine"}


def test_a_claim_is_not_cleared_through_a_link(tmp_path, elsewhere):
    target = tmp_path / "out"
    with claimed(target) as folder:
        claim = folder.parent
    assert not claim.exists()
    claim.symlink_to(elsewhere)
    with pytest.raises(InvalidInput, match="is a link"), claimed(target):
        pass
    assert contents(elsewhere) == {"kept": b"mine"}


def test_neither_a_name_nor_a_path_adds_a_line_to_a_script(tmp_path):
    for folder, name in ((tmp_path / "a\nrm -r b", "tiny"), (tmp_path, "tiny\n#SBATCH --wrap=id")):
        folder.mkdir(exist_ok=True)
        with pytest.raises(InvalidInput, match="cannot stand in a script"):
            write_job_array(folder, name, [0], 1.0, site=Site())
        assert not (folder / "slurm").exists()
