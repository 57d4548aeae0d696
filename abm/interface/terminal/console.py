"""The console of the command line, which escapes control characters in everything that it prints."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from abm.texts import visible_lines


class PlainConsole(Console):
    """A console that escapes control characters, so that only rich's own codes reach the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as any console does, then escape every piece of text.

        Texts are changed before they are laid out, so that tables leave room for escapes; the output of other
        renderables yield is changed afterwards.
        """
        for segment in super().render(_plain(renderable), options):
            yield (
                segment if segment.control is not None else segment._replace(text=visible_lines(segment.text))
            )

    def render_str(self, text: str, **options: Any) -> Text:
        """Build a text of plain characters."""
        return super().render_str(visible_lines(text.expandtabs()), **options)


def _plain(renderable: RenderableType) -> RenderableType:
    """Return a text with control characters escaped, in its own style."""
    if not isinstance(renderable, Text):
        return renderable
    shown = visible_lines(renderable.plain.expandtabs())
    if shown == renderable.plain:
        return renderable
    return renderable.blank_copy(shown)
