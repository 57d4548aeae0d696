"""What all visitors of a server share, such as its limits and its workshop; set once, before the first visitor."""

from dataclasses import dataclass, field
from pathlib import Path

from abm.errors import AbmError
from abm.interface.page.background.limits import Limits
from abm.interface.page.background.shared_courses import Courses
from abm.interface.page.background.workshop import Workshop
from abm.interface.page.session.atlas import Atlas
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions


@dataclass(frozen=True)
class Services:
    """What a page needs of its server.

    Attributes
    ----------
    limits : Limits
    workshop : Workshop
    sweep : Path or None
        Sweep directory that the operator opened.
    extensions : Extensions
        Those with which the page was started.
    atlas : Atlas
        Places laid out.
    courses : Courses
        Large runs that visitors look at.
    """

    limits: Limits
    workshop: Workshop
    sweep: Path | None = None
    extensions: Extensions = NO_EXTENSIONS
    atlas: Atlas = field(default_factory=Atlas)
    courses: Courses = field(init=False)

    def __post_init__(self) -> None:
        """Set up the memory for large runs."""
        object.__setattr__(self, "courses", Courses(self.limits.memory_bytes))


class Counter:
    """The services of this process, for pages, which Solara imports by name and calls without arguments."""

    def __init__(self) -> None:
        self._services: Services | None = None

    def install(self, services: Services) -> None:
        """Set the services of this process.

        Raises
        ------
        AbmError
            If they are set already: a process serves one configuration.
        """
        if self._services is not None:
            raise AbmError("this process serves a page already")
        self._services = services

    def services(self) -> Services:
        """Return the services.

        Raises
        ------
        AbmError
            If the page was not started by its server.
        """
        if self._services is None:
            raise AbmError("the page is started by 'abm app'")
        return self._services


COUNTER = Counter()
