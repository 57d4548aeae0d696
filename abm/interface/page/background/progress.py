"""The progress of a session's work in the background, and how to cancel that work."""

from dataclasses import dataclass, replace

from abm.interface.page.background.jobs import Job


@dataclass(frozen=True)
class Progress:
    """How much of some work in the background is done.

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
    """The work that a session has under way for one purpose.

    Attributes
    ----------
    job : Job or None
        None before it has begun.
    is_cancelled : bool
    """

    job: Job | None = None
    is_cancelled: bool = False

    def begun(self, job: Job) -> Job:
        """Record the job that has begun; cancel it if the work was cancelled meanwhile."""
        self.job = job
        if self.is_cancelled:
            job.cancel()
        return job

    def cancel(self) -> None:
        """Cancel the work."""
        self.is_cancelled = True
        if self.job is not None:
            self.job.cancel()


def rested(progress: Progress) -> Progress:
    """Return the progress marked as no longer running."""
    return replace(progress, is_running=False)
