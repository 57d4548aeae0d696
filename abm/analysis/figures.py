"""Draw plots as inline SVG that takes its colours from the page: one drawing serves light, dark and print.

Every series has a colour, a dash and a label at its end, so that none of the three has to tell them apart
alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abm.texts import escape

SERIES = 6
LABEL_GAP = 14.0
SMALL_LABEL_GAP = 11.5
NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, eq=False)
class Line:
    """A curve with an optional band.

    Attributes
    ----------
    series : int
        Which colour and dash, from 0.
    x, y : NDArray[np.float64], shape (points,)
        The curve; NaN interrupts it.
    low, high : NDArray[np.float64] or None, shape (points,)
        The band.
    label : str
        Text at the end of the curve.
    """

    series: int
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    label: str = ""


@dataclass(frozen=True)
class Frame:
    """Where a plot lies, and what its axes run over.

    Attributes
    ----------
    width, height : float
        Of the drawing, in pixels at its natural size.
    left, right, top, bottom : float
        Margins.
    x_range, y_range : tuple of float
        Ends of the axes.
    """

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def across(self, x: float) -> float:
        """Return the position of a value on the horizontal axis."""
        low, high = self.x_range
        return self.left + (x - low) / (high - low) * (self.width - self.left - self.right)

    def down(self, y: float) -> float:
        """Return the position of a value on the vertical axis."""
        low, high = self.y_range
        return self.height - self.bottom - (y - low) / (high - low) * (self.height - self.top - self.bottom)


def line_plot(
    lines: Sequence[Line],
    frame: Frame,
    *,
    description: str,
    y_ticks: Sequence[tuple[float, str]],
    x_ticks: Sequence[tuple[float, str]],
    x_label: str = "",
    is_step: bool = False,
    kind: str = "",
) -> str:
    """Draw curves with bands, direct labels and as few marks as reading needs.

    Parameters
    ----------
    lines : sequence of Line
        Drawn in order, the last on top.
    frame : Frame
        Size and axes.
    description : str
        What the plot shows, for those who do not see it.
    y_ticks, x_ticks : sequence of (float, str)
        Positions and texts.
    x_label : str
        Unit of the horizontal axis.
    is_step : bool
        Hold each value until the next.
    kind : str
        CSS class of the drawing.

    Returns
    -------
    str
        An ``svg`` element.
    """
    parts = [_axes(frame, y_ticks, x_ticks, x_label)]
    for line in lines:
        if line.low is not None and line.high is not None:
            band = _band(line.x, line.low, line.high, frame, is_step)
            parts.append(f'<path class="band s{line.series % SERIES}" d="{band}"/>' if band else "")
    for line in lines:
        curve = _curve(line.x, line.y, frame, is_step)
        parts.append(f'<path class="line s{line.series % SERIES}" d="{curve}"/>')
    parts.append(_end_labels(lines, frame, SMALL_LABEL_GAP if kind == "small" else LABEL_GAP))
    return (
        f'<svg class="{kind}" viewBox="0 0 {frame.width:g} {frame.height:g}" role="img" '
        f'aria-label="{escape(description)}">{"".join(parts)}</svg>'
    )


def interval_bar(estimate: float, low: float, high: float, reach: tuple[float, float], series: int) -> str:
    """Draw an estimate with its interval on a line that others share.

    Parameters
    ----------
    estimate, low, high : float
        What to draw; nothing is drawn where they are not finite.
    reach : tuple of float
        Ends of the line.
    series : int
        Which colour.

    Returns
    -------
    str
        An ``svg`` element, empty of marks where there is nothing to show.
    """
    frame = Frame(120, 12, 4, 4, 0, 0, reach, (0, 1))
    zero = frame.across(min(max(0.0, reach[0]), reach[1]))
    marks = [f'<path class="track" d="M4 6H116"/><path class="zero" d="M{zero:.1f} 0V12"/>']
    if all(map(math.isfinite, (estimate, low, high))):
        start, end = frame.across(low), frame.across(high)
        marks.append(f'<path class="whisker s{series % SERIES}" d="M{start:.1f} 6H{end:.1f}"/>')
        marks.append(
            f'<circle class="dot s{series % SERIES}" cx="{frame.across(estimate):.1f}" cy="6" r="3.2"/>'
        )
    return f'<svg class="bar" viewBox="0 0 120 12" aria-hidden="true">{"".join(marks)}</svg>'


def key_sample(series: int) -> str:
    """Draw a short piece of a series' line, for keys and tables."""
    return (
        f'<svg class="sample" viewBox="0 0 30 8" aria-hidden="true">'
        f'<path class="line s{series % SERIES}" d="M1 4H29"/></svg>'
    )


def nice_axis(low: float, high: float, wanted: int = 3) -> tuple[tuple[float, float], tuple[float, ...]]:
    """Choose round ends and ticks that hold a range.

    Parameters
    ----------
    low, high : float
        The range.
    wanted : int
        About how many intervals between ticks.

    Returns
    -------
    range : tuple of float
        Ends of the axis.
    ticks : tuple of float
        Round values from one end to the other.
    """
    spread = high - low or max(abs(high), 1.0) * 0.1
    magnitude = 10.0 ** math.floor(math.log10(spread / wanted))
    step = next(
        (nice * magnitude for nice in NICE_STEPS if nice * magnitude * wanted >= spread), 10.0 * magnitude
    )
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if first == last:
        last = first + 1
    ticks = tuple(round(step * index, 10) for index in range(first, last + 1))
    return (ticks[0], ticks[-1]), ticks


def apart(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move positions as little as it takes to leave a gap between neighbours and stay within bounds."""
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    # Neighbours that crowd each other share their mean: each cluster is (members, middle).
    clusters: list[tuple[list[int], float]] = []
    for index in order:
        clusters.append(([index], positions[index]))
        while len(clusters) > 1:
            (below, first), (above, second) = clusters[-2:]
            if second - first >= gap * (len(below) + len(above)) / 2.0:
                break
            members = below + above
            middle = (first * len(below) + second * len(above)) / len(members)
            clusters[-2:] = [(members, middle)]
    moved = list(positions)
    for members, middle in clusters:
        half = gap * (len(members) - 1) / 2.0
        centre = min(max(middle, low + half), max(high - half, low + half))
        for place, index in enumerate(members):
            moved[index] = centre - half + gap * place
    return moved


def _axes(
    frame: Frame, y_ticks: Sequence[tuple[float, str]], x_ticks: Sequence[tuple[float, str]], x_label: str
) -> str:
    end = frame.width - frame.right
    floor = frame.height - frame.bottom
    parts = []
    for value, text in y_ticks:
        y = frame.down(value)
        parts.append(f'<path class="grid" d="M{frame.left:g} {y:.1f}H{end:.1f}"/>')
        parts.append(_tick(frame.left - 6, y + 3.5, "end", text))
    for value, text in x_ticks:
        x = frame.across(value)
        parts.append(f'<path class="mark" d="M{x:.1f} {floor:.1f}v4"/>')
        parts.append(_tick(x, floor + 16, "middle", text))
    if x_label:
        parts.append(_tick((frame.left + end) / 2.0, floor + 32, "middle", x_label))
    return "".join(parts)


def _tick(x: float, y: float, anchor: str, text: str) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _curve(x: NDArray[np.float64], y: NDArray[np.float64], frame: Frame, is_step: bool) -> str:
    words: list[str] = []
    is_drawing = False
    for position, value in zip(x.tolist(), y.tolist(), strict=True):
        if not math.isfinite(value):
            is_drawing = False
            continue
        across, down = frame.across(position), frame.down(value)
        if not is_drawing:
            words.append(f"M{across:.1f} {down:.1f}")
        elif is_step:
            words.append(f"H{across:.1f}V{down:.1f}")
        else:
            words.append(f"L{across:.1f} {down:.1f}")
        is_drawing = True
    return "".join(words)


def _band(
    x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], frame: Frame, is_step: bool
) -> str:
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any():
        return ""
    x, low, high = x[known], low[known], high[known]
    if is_step:
        x = np.repeat(x, 2)[1:]
        low, high = np.repeat(low, 2)[:-1], np.repeat(high, 2)[:-1]
    there = [
        f"{frame.across(a):.1f} {frame.down(b):.1f}" for a, b in zip(x.tolist(), high.tolist(), strict=True)
    ]
    back = [
        f"{frame.across(a):.1f} {frame.down(b):.1f}" for a, b in zip(x.tolist(), low.tolist(), strict=True)
    ]
    return "M" + "L".join(there + back[::-1]) + "Z"


def _end_labels(lines: Sequence[Line], frame: Frame, gap: float) -> str:
    ended = [(line, line.y[np.isfinite(line.y)]) for line in lines if line.label]
    ended = [(line, known) for line, known in ended if known.size]
    places = [frame.down(float(known[-1])) for _, known in ended]
    moved = apart(places, gap, frame.top, frame.height - frame.bottom)
    x = frame.width - frame.right + 6
    return "".join(
        f'<text class="label s{line.series % SERIES}" x="{x:g}" y="{y + 4:.1f}">{escape(line.label)}</text>'
        for (line, _), y in zip(ended, moved, strict=True)
    )
