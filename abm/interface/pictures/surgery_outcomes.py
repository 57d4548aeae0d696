"""Draw what surgeries do to the share of runs in which integrated care stands."""

from collections.abc import Sequence

from abm.analysis.dissection.results import Dissection
from abm.interface.pictures.canvas import Circle, Drawing, Lines, Words
from abm.interface.pictures.map_symbols import INK, QUIET

WIDTH, LEFT, RIGHT, TOP, ROW, GAP = 720.0, 210.0, 30.0, 65.0, 24.0, 52.0
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 20.0, 13.0, 11.5
INTACT_COLOUR, CUT_COLOUR = "#000000", "#0072B2"
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def picture(found: Sequence[Dissection]) -> Drawing:
    """Draw a row for each surgery and place: the share of runs that stand, with Wilson's 95% interval."""
    rows = sum(len(one.outcomes) for one in found)
    height = TOP + rows * ROW + len(found) * GAP + 30.0
    told = "; ".join(
        f"{one.place.label}: "
        + ", ".join(f"{each.surgery.label} {each.standing.estimate:.0%}" for each in one.outcomes)
        for one in found
    )
    drawing = Drawing(WIDTH, height, "Runs in which integrated care stands", told)
    drawing.add(
        Words((20.0, 30.0), "Runs in which integrated care stands at the end", TITLE_SIZE, INK, is_bold=True)
    )
    down = TOP
    for one in found:
        drawing.add(Words((LEFT, down), one.place.label, TEXT_SIZE, INK, is_bold=True))
        first = down + ROW / 2.0
        last = first + len(one.outcomes) * ROW
        drawing.add(
            Lines(tuple((_across(tick), first, _across(tick), last) for tick in TICKS), QUIET, 1.0, 0.4)
        )
        for each in one.outcomes:
            down += ROW
            colour = CUT_COLOUR if each.surgery is not one.outcomes[0].surgery else INTACT_COLOUR
            y, share = down, each.standing
            drawing.add(
                Words((LEFT - 12.0, y + 4.0), each.surgery.label, TEXT_SIZE, INK, anchor="end"),
                Lines(((_across(share.low), y, _across(share.high), y),), colour, 2.0, 1.0),
                Circle((_across(share.estimate), y), 4.5, colour),
            )
        drawing.add(
            *(
                Words((_across(tick), last + 14.0), f"{tick:.0%}", SMALL_SIZE, QUIET, anchor="middle")
                for tick in TICKS
            )
        )
        down += GAP
    return drawing


def _across(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)
