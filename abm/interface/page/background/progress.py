"""Say how far the work goes that a session does in the background, and call it off."""

from dataclasses import dataclass, replace

from abm.interface.page.background.jobs import Job


@dataclass(frozen=True)
class Progress:
    """Say how much of some work in the background is done.

    Attributes
    ----------
    done, total : int
        Replicates.
    is_running : bool
    """

    done: int = 0
    total: int = 0
    is_running: bool = False


@dataclass
class BackgroundWork:
    """Hold what a line of a session is doing in the background.

    Attributes
    ----------
    job : Job or None
        None before it has begun.
    is_cancelled : bool
    """

    job: Job | None = None
    is_cancelled: bool = False

    def begun(self, job: Job) -> Job:
        """Note that it has begun; if it was called off meanwhile, the job is too."""
        self.job = job
        if self.is_cancelled:
            job.cancel()
        return job

    def cancel(self) -> None:
        """Call it off."""
        self.is_cancelled = True
        if self.job is not None:
            self.job.cancel()


def rested(progress: Progress) -> Progress:
    """Say that no more is coming."""
    return replace(progress, is_running=False)
