"""A file that a visitor sends opens no other and runs nothing, whatever it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.hostile.visitor import Visitor, ask, message, run_page, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hostile.conftest import Server

BOMB = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 8)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
FILES = {
    "extension": "name: mine\nplace: south_somerset\nextensions: [{folder}/evil.py]\n",
    "place by path": "name: mine\nplace: {folder}/place.yaml\n",
    "policy by path": "name: mine\nplace: south_somerset\npolicies: [../../../../etc/passwd]\n",
    "object": "name: !!python/object/apply:os.system ['touch {folder}/marker']\nplace: south_somerset\n",
    "bomb": BOMB + "name: mine\nplace: south_somerset\n",
    "no YAML": "\x00\x01{{{{" * 100,
    "escape codes": 'name: "\\e]0;owned\\a\\e[2J"\nplace: "\\e[31m"\n',
    "markup": "name: <script>alert(1)</script>\nplace: <img src=x onerror=alert(1)>\n",
}


@pytest.mark.parametrize("kind", FILES)
def test_a_hostile_file_is_refused_in_words_and_nothing_is_run(
    server: Server, tmp_path: Path, kind: str
) -> None:
    marker = tmp_path / "marker"
    (tmp_path / "evil.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    (tmp_path / "place.yaml").write_text("name: secret-of-the-server\n")
    text = FILES[kind].replace("{folder}", str(tmp_path))
    visitor = Visitor(server.port)
    with visitor.connected() as connection:
        widgets = run_page(connection)
        masthead = next(comm for name, (comm, _) in widgets.items() if "Masthead" in name)
        data = {"method": "custom", "content": {"kind": "upload", "text": text}}
        connection.send(json.dumps(message("comm_msg", {"comm_id": masthead, "data": data})))
        told = until(connection, lambda found: "your_file.yaml" in json.dumps(found))
        assert "secret-of-the-server" not in json.dumps(told)
        assert ask(connection, message("kernel_info_request", {}), "kernel_info_reply")
    visitor.close()
    assert not marker.exists()
