"""Print to a terminal without letting what is printed speak to it: the one console of the command line."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from abm.texts import visible_lines


class PlainConsole(Console):
    """Write out characters that act, wherever they come from; only rich's own codes reach the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as any console does, then look at every piece of text.

        Texts are changed before they are laid out, so that tables leave room for what is written out; whatever other
        renderables yield is changed afterwards.
        """
        for segment in super().render(_plain(renderable), options):
            yield (
                segment if segment.control is not None else segment._replace(text=visible_lines(segment.text))
            )

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a text of plain characters."""
        return super().render_str(visible_lines(text.expandtabs()), **options)


def _plain(renderable: RenderableType) -> RenderableType:
    """Return a text without characters that act; it keeps its style as a whole."""
    if not isinstance(renderable, Text):
        return renderable
    shown = visible_lines(renderable.plain.expandtabs())
    if shown == renderable.plain:
        return renderable
    return renderable.blank_copy(shown)
