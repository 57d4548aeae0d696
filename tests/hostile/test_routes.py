"""What is not part of the page does not exist; what is can only be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solara.server import settings as solara_settings

from abm.interface.page.widgets import scripts
from tests.hostile.visitor import request

if TYPE_CHECKING:
    from tests.hostile.conftest import Server

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE")
CLOSED = (
    "/resourcez",
    "/resourcez?verbose",
    "/_solara/api/evict/abc",
    "/jupyter/api/kernels/abc",
    "/jupyter/api/kernels",
    "/static/public/page.py",
    "/static/assets/../../server.py",
    "/static/%2e%2e/server.py",
    "/static/..%2fserver.py",
    "/static/",
    "/jupyter/nbextensions/",
    "/jupyter/nbextensions/../../../../../../etc/passwd",
    "//etc/passwd",
    "/_solara/cdn/..%5c..%5cx",
    "/_solara/cdn/%00",
    "/page.css/",
    "/page.css%20",
    "/docs",
    "/favicon.ico",
)


def folders() -> list[str]:
    """Return addresses of folders among the assets, the outermost first."""
    root = solara_settings.assets.proxy_cache_dir
    inner = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_dir()]
    return sorted(inner, key=lambda path: path.count("/"))[:40]


def test_no_method_on_a_folder_of_assets_finds_anything(server: Server) -> None:
    for folder in ["", ".", "..", *folders()]:
        for method in ("HEAD", "GET", "DELETE"):
            for ending in ("", "/"):
                status, _, _ = request(server.port, method, f"/_solara/cdn/{folder}{ending}")
                assert status in (404, 405), (method, folder)


@pytest.mark.parametrize("path", CLOSED)
def test_what_is_no_part_of_the_page_is_not_found(server: Server, path: str) -> None:
    for method in METHODS:
        status, _, body = request(server.port, method, path)
        assert status in (400, 404, 405), method
        assert b"root:" not in body


def test_what_the_page_names_is_there_and_can_only_be_read(server: Server) -> None:
    _, headers, html = request(server.port, "GET", "/")
    assert headers["content-type"] == "text/html; charset=utf-8"
    named = re.findall(r'(?:href|src)="(/[^"?#]+)', html.decode())
    assert len(named) > 5
    for path in named:
        status, headers, body = request(server.port, "GET", path)
        assert (status, bool(body)) == (200, True), path
        assert headers["x-content-type-options"] == "nosniff"
        again, _, nothing = request(server.port, "GET", path, {"If-None-Match": headers["etag"]})
        assert (again, nothing) == (304, b"")
        head, _, nothing = request(server.port, "HEAD", path)
        assert (head, nothing) == (200, b"")
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert request(server.port, method, path)[0] == 405


def test_scripts_may_be_kept_for_ever_and_are_only_those_of_the_list(server: Server) -> None:
    _, _, html = request(server.port, "GET", "/")
    assert f'"abm/": "{scripts.base()}"' in html.decode()
    for address in scripts.addresses():
        status, headers, _ = request(server.port, "GET", address)
        assert (status, headers["cache-control"]) == (200, "max-age=31536000, immutable")
        assert headers["content-type"].startswith("text/javascript")
    base = scripts.base()
    for name in (
        "",
        "drawing",
        "drawing/",
        "../scripts.py",
        "drawing/../../controls.py",
        "%2e%2e/scripts.py",
    ):
        assert request(server.port, "GET", f"{base}{name}")[0] == 404, name
    for address in ("/scripts/", "/scripts/drawing/words.js", f"/scripts/{'0' * 16}/drawing/words.js"):
        assert request(server.port, "GET", address)[0] == 404, address


segments = st.sampled_from(
    [
        "_solara",
        "cdn",
        "api",
        "close",
        "static",
        "assets",
        "jupyter",
        "nbextensions",
        "..",
        ".",
        "%2e%2e",
        "@widgetti",
    ]
) | st.text("abcdef.%@-_~", min_size=1, max_size=12)


@settings(max_examples=60)
@given(st.lists(segments, min_size=1, max_size=6), st.sampled_from(METHODS))
def test_paths_that_somebody_makes_up_lead_nowhere(server: Server, parts: list[str], method: str) -> None:
    status, _, _ = request(server.port, method, "/" + "/".join(parts))
    is_close = parts[:3] == ["_solara", "api", "close"]
    assert status in (400, 404, 405) or (is_close and status == 204)
