"""Start the page from the command line, or report the packages that it needs."""

import socket
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from abm.errors import AbmError, InvalidInput, Problem

if TYPE_CHECKING:
    from rich.console import Console

    from abm.scenarios.extensions import Extensions

NEEDED = ("anywidget", "solara", "solara_assets", "starlette", "uvicorn")
ADVICE = "The page needs more packages than the rest of abm; install them with: pip install 'abm[app]'"


def require_packages() -> None:
    """Require the packages of the page.

    Raises
    ------
    AbmError
        If packages are missing.
    """
    if any(find_spec(name) is None for name in NEEDED):
        raise AbmError(ADVICE)


def serve_page(
    console: "Console",
    host: str,
    port: int,
    *,
    opens: bool,
    sweep: Path | None,
    limits: Mapping[str, int],
    query: str = "",
    extensions: "Extensions | None" = None,
    names: Sequence[str] = (),
    public: str | None = None,
    per_address: int | None = None,
) -> None:
    """Serve the page until it is interrupted.

    Parameters
    ----------
    console : Console
        Console on which the address is printed.
    host, port : str, int
        Address to listen on.
    opens : bool
        Whether a browser is opened.
    sweep : Path, optional
        Sweep directory to show.
    limits : mapping
        Fields of `abm.interface.page.background.limits.Limits`.
    query : str
        Query of the link that is printed and opened, without '?'.
    extensions : Extensions, optional
        Levers, mechanisms and measures beside the model's own.
    names : sequence of str
        Names of this computer under which visitors ask for the page, beside its own.
    public : str, optional
        Address of the page for visitors, if it is behind a proxy.
    per_address : int, optional
        Maximum number of sessions at once from one address; default: as many as from all.

    Raises
    ------
    AbmError
        If packages are missing.
    InvalidInput
        If a limit is out of range, a name is invalid, the address cannot be used, or the sweep is not a directory.
    """
    require_packages()
    from abm.interface.page.background.limits import Limits
    from abm.interface.page.server.reach import Reach

    problems: list[Problem] = []
    chosen, reach = Limits(), None
    try:
        chosen = Limits(**limits)
    except InvalidInput as error:
        problems.extend(error.problems)
    try:
        reach = Reach(host, names=names, public=public)
    except InvalidInput as error:
        problems.extend(error.problems)
    problems.extend(address_problems(host, port))
    if sweep is not None and not sweep.is_dir():
        problems.append(Problem("--sweep", None, f"found '{sweep}'; give the directory that a sweep wrote"))
    if problems or reach is None:
        raise InvalidInput(problems)
    from abm.interface.page.server.application import serve
    from abm.scenarios.extensions import NO_EXTENSIONS

    base = f"{public.rstrip('/')}/" if public else f"http://{shown_host(host)}:{port}/"
    address = base + (f"?{query}" if query else "")
    console.print(f"The page is at {address} (Ctrl+C ends it).", soft_wrap=True)
    if reach.is_everywhere and public is None:
        others = f"http://{socket.gethostname()}:{port}/"
        console.print(f"Other computers reach it at {others} or by its IP address.", soft_wrap=True)
    opened = address if opens else None
    serve(
        chosen,
        reach,
        host,
        port,
        sweep=sweep,
        extensions=extensions or NO_EXTENSIONS,
        per_address=per_address,
        opens=opened,
    )


def opened_at(
    scenario: str | None, extensions: Sequence[str], limits: Mapping[str, int]
) -> "tuple[str, Extensions]":
    """Return the query of the link at which a page opens, and the extensions that it has.

    Parameters
    ----------
    scenario : str or None
        Name or path of the scenario to open; None for the page's first.
    extensions : sequence of str
        Extensions besides those that the scenario names.
    limits : mapping
        Fields of `abm.interface.page.background.limits.Limits`.

    Raises
    ------
    AbmError
        If packages are missing.
    InvalidInput
        With everything that is wrong with the scenario, its extensions or a limit.
    """
    require_packages()
    from abm.interface.page.background.limits import Limits
    from abm.interface.page.session.opening import link_of_scenario
    from abm.scenarios.extensionfile import load_extensions

    if scenario is None:
        return "", load_extensions(extensions)
    return link_of_scenario(scenario, extensions, Limits(**limits))


def shown_host(host: str) -> str:
    """Return a name under which a browser on this computer finds the page."""
    if host in ("0.0.0.0", "127.0.0.1", "::", "::1", ""):
        return "localhost"
    return f"[{host}]" if ":" in host else host


def address_problems(host: str, port: int) -> list[Problem]:
    """Return why an address cannot be listened on; empty when it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            advice = (
                f"port {port} of '{host}' cannot be used ({error.strerror or error}); give another --port"
            )
            return [Problem("--port", None, advice)]
    return []
