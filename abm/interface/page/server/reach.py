"""Decide under which names the server answers, and to whose pages, so that no other website can speak to it."""

import ipaddress
import re
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from abm.errors import InvalidInput, Problem

PORTS = {"http": 80, "https": 443}
EVERYWHERE = ("0.0.0.0", "::", "")
"""Addresses to listen on that stand for all addresses of the computer."""
HERE = frozenset({"localhost", "127.0.0.1", "[::1]"})

AUTHORITY = re.compile(
    r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?)\.?(?::([0-9]{1,5}))?"
)
ROOT = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


@dataclass(frozen=True)
class Authority:
    """The name and the port of a server.

    Attributes
    ----------
    name : str
        In lower case; IPv6 addresses in brackets, in their canonical form.
    port : int or None
        None for the usual port.
    """

    name: str
    port: int | None = None

    @classmethod
    def read(cls, text: str) -> "Authority | None":
        """Read ``name`` or ``name:port``; return None if the text is neither."""
        found = AUTHORITY.fullmatch(text.lower())
        if found is None:
            return None
        name, port = found[1], found[2]
        if name.startswith("["):
            try:
                name = f"[{ipaddress.IPv6Address(name[1:-1])}]"
            except ValueError:
                return None
        return cls(name, int(port) if port else None)

    @property
    def is_address(self) -> bool:
        """Whether this is a numeric address, which no name server can point elsewhere."""
        try:
            ipaddress.ip_address(self.name.strip("[]"))
        except ValueError:
            return False
        return True


def read_public(address: str) -> tuple[Authority, str, bool] | None:
    """Read an address: its name, the root of its paths and whether it is encrypted; return None if it is not valid."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    authority, root = Authority.read(parts.netloc), parts.path.rstrip("/")
    is_plain = not (parts.query or parts.fragment) and ROOT.fullmatch(root) and ".." not in root
    if parts.scheme not in PORTS or authority is None or not is_plain:
        return None
    return authority, root, parts.scheme == "https"


class Reach:
    """The names under which the server may be asked, and the pages that may ask.

    A browser sends the name that it asked for (`Host`) and the origin of the page that asks (`Origin`). A name that is
    not ours has been pointed at this computer by somebody else, and a page from elsewhere may not ask anything here.

    Parameters
    ----------
    host : str
        Address that the server listens on.
    names : iterable of str
        Further names, such as ``lab.example`` or ``lab.example:8443``.
    public : str, optional
        Address under which visitors find the page, where a proxy stands in front: ``https://lab.example/abm``.

    Raises
    ------
    InvalidInput
        With every name or address that is not valid.
    """

    def __init__(self, host: str, *, names: Iterable[str] = (), public: str | None = None) -> None:
        problems: list[Problem] = []
        allowed: list[Authority] = []
        for text in names:
            name = Authority.read(text)
            if name is None:
                told = f"found '{text}'; give a name such as lab.example, without scheme or path"
                problems.append(Problem("--allow-host", None, told))
            else:
                allowed.append(name)
        self.public: Authority | None = None
        self.root, self.is_encrypted = "", False
        if public is not None:
            found = read_public(public)
            if found is None:
                told = f"found '{public}'; give an address such as https://lab.example/abm"
                problems.append(Problem("--public-address", None, told))
            else:
                self.public, self.root, self.is_encrypted = found
                allowed.append(self.public)
        if problems:
            raise InvalidInput(problems)
        self.allowed = tuple(allowed)
        self.is_everywhere = host in EVERYWHERE
        own = Authority.read(f"[{host}]" if ":" in host else host)
        self._names = set(HERE) | {each.name for each in allowed} | ({own.name} if own else set())
        if self.is_everywhere:
            self._add_names_of_this_computer()

    def accepts_host(self, text: str) -> bool:
        """Return whether a request for this name is for this server."""
        found = Authority.read(text)
        return found is not None and (found.name in self._names or (self.is_everywhere and found.is_address))

    def accepts_origin(self, origin: str, host: str) -> bool:
        """Return whether a page from this origin belongs to this server, when asked for under the name `host`."""
        scheme, _, rest = origin.lower().partition("://")
        from_page, asked = Authority.read(rest), Authority.read(host)
        if scheme not in PORTS or from_page is None or asked is None:
            return False
        usual = PORTS[scheme]
        if self.public is not None and from_page.name == self.public.name:
            # An attacker who can change unencrypted traffic could also send requests from a page of this name.
            is_same = (scheme == "https") == self.is_encrypted
            return is_same and (from_page.port or usual) == (self.public.port or usual)
        page = Authority(from_page.name, from_page.port or usual)
        own = Authority(asked.name, asked.port or usual)
        return page == own or page in [Authority(each.name, each.port or usual) for each in self.allowed]

    def _add_names_of_this_computer(self) -> None:
        name = socket.gethostname().lower()
        first = name.partition(".")[0]
        self._names |= {name, first, f"{first}.local"}

        def add_full_name() -> None:
            full = Authority.read(socket.getfqdn())
            if full is not None:
                self._names.add(full.name)

        # Deferred: without a name server this may take many seconds.
        threading.Thread(target=add_full_name, name="abm-names", daemon=True).start()
