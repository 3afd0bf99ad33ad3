"""The page of a series: its latest numbers, a chart with its gaps, and the same as a table; pure."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.view import chart
from agent.view.captures import Shot, words
from agent.view.clean import clean
from agent.view.gaps import Gap
from agent.view.ink import Ink, Line, aside, fit, line, spread
from agent.view.paint import bar, value
from agent.view.rows import GAP, Row, Window, cadence
from agent.view.scene import Track
from agent.view.units import age, clock, human, left, right

TABLE = 38
NUMBER = 10
BESIDE = 72
"""The least width at which the table stands beside the chart, not below it."""

NOTES = 3
LIST = 8
COARSE = "="
MARK = "◆"
"""Where something began a capture of the flight recorder."""


class _Table(NamedTuple):
    """Windows and gaps in the order of time, newest first, as they are listed."""

    start: float
    window: Window | None
    gap: Gap | None


def page(track: Track, width: int, height: int) -> list[Line]:
    """The whole page in exactly `height` lines, of at most `width` cells."""
    return _page(head(track.row, track.held, width), track, width, height)


def _page(lines: list[Line], track: Track, width: int, height: int) -> list[Line]:
    """The page below these lines."""
    room = height - len(lines)
    parts = _breakdown(track, width)[: max(0, room - 8)]
    room -= len(parts)
    notes = _notes(track.gaps, width)[: max(0, room - 8)]
    room -= len(notes)
    if width >= BESIDE:
        drawn = _chart(track, width - TABLE - 2, room)
        lines += aside(drawn, _listed(track, room), width - TABLE - 2)
    else:
        tall = max(9, room - 5)
        lines += _chart(track, width, min(tall, room))
        lines += _listed(track, max(0, room - tall))
    lines = [*lines[: height - len(notes) - len(parts)], *notes, *parts]
    return [fit(each, width) for each in lines + [()] * (height - len(lines))][:height]


def capture(shot: Shot, row: Row, now: float, width: int, height: int) -> list[Line]:
    """A capture of the flight recorder in the place of the windows: what it is of, and each sample; `now` in
    wall s."""
    told = fit(line(Ink(f"{MARK} ", "warn"), Ink(words(shot.captured), "accent")), width)
    above = head(row._replace(age=now - shot.held[-1].end), shot.held, width)
    return _page([told, *above], Track(row, shot.held, captures=(shot,)), width, height)


def head(row: Row, held: Sequence[Window], width: int) -> list[Line]:
    """Name, attributes, and the latest numbers with their age."""
    series = row.series
    old = Ink(f"{'◐ ' if row.late else ''}{age(row.age)} ago", "warn" if row.late else "dim")
    name = line(Ink(clean(series.name, 200), "title"), Ink(f"  {clean(row.unit, 40)}  {series.kind}", "dim"))
    pairs = "  ".join(f"{clean(key, 60)}={clean(text, 80)}" for key, text in series.attributes)
    lines = [spread(name, line(old), width)]
    if pairs:
        lines.append(fit(line(Ink(f"  {pairs}", "dim")), width))
    single = chart.single(held)
    figures = [("now", value(row))] if series.kind != "histogram" else []
    if not single:
        figures += [(what, row.shown(n)) for what, n in _figures(row) if n is not None]
    pieces = [part for what, text in figures for part in (Ink(f"  {what} ", "dim"), Ink(text, "title"))]
    each = f"  a {'poll' if single else 'window'} each {human(cadence(held), 's')}" if held else ""
    lines.append(fit(line(*pieces, Ink(each, "dim")), width))
    return lines


def _figures(row: Row) -> list[tuple[str, float | None]]:
    if row.series.kind == "counter":
        return [("peak", row.high)]
    return [("mean", row.mean), ("min", row.low), ("max", row.high)]


def _chart(track: Track, width: int, height: int) -> list[Line]:
    """The chart with its axes and what its signs mean, in exactly `height` lines."""
    tall = max(1, height - 3)
    if not track.held:
        return [line(Ink("  no window yet", "dim"))] + [()] * (height - 1)
    columns = chart.laid_out(track.held, track.held[-1].end + track.row.age, width - chart.AXIS)
    of = chart.scale(columns)
    numbers = chart.axis(of, tall, track.row.shown)
    drawn = chart.body(columns, of, tall)
    lines = [line(Ink(number, "dim"), *_inked(text)) for number, text in zip(numbers, drawn, strict=True)]
    first = columns.end - (len(columns.points) - columns.blank) * columns.step
    blank = " " * columns.blank
    ends = spread(line(f"{blank}{_clock(first)}"), line(_clock(columns.end)), width - chart.AXIS)
    lines += [line(Ink(" " * (chart.AXIS - 1) + "└", "dim"), *_rule(columns, track.captures))]
    lines += [line(" " * chart.AXIS, *(Ink(each.text, "dim") for each in ends))]
    marked = f"  {MARK} capture (c)" if track.captures else ""
    single = chart.single(track.held) and not columns.joined
    names = chart.meaning(track.held[-1], single=single)
    return [*lines, fit(_legend(names, marked), width)][:height]


def _rule(columns: chart.Columns, shots: Sequence[Shot]) -> list[Ink]:
    """The line below the chart, with a mark where something began a capture."""
    width = len(columns.points)
    back = [math.floor((columns.end - shot.captured.at) / columns.step) for shot in shots]
    # The window of what has just happened is not over yet.
    found = {width - 1 - max(0, each) for each in back}
    return [Ink(MARK, "warn") if place in found else Ink("─", "dim") for place in range(width)]


def _inked(text: str) -> list[Ink]:
    """A line of the chart, the band dimmer than the line in it."""
    pieces: list[Ink] = []
    for letter in text:
        style = "dim" if letter == GAP else "spark" if letter == chart.BAND else "title"
        if pieces and pieces[-1].style == style:
            pieces[-1] = Ink(pieces[-1].text + letter, style)
        else:
            pieces.append(Ink(letter, style))
    return pieces


def _legend(names: tuple[str, str, str], marked: str) -> Line:
    low, middle, high = names
    band = f"  {chart.BAND} {low or middle} to {high}" if high else ""
    return line(
        Ink(" " * chart.AXIS + f"━ {middle}{band}", "dim"), Ink(marked, "warn"), Ink(f"  {GAP} gap", "dim")
    )


def _listed(track: Track, height: int) -> list[Line]:
    """The table: the newest windows first, gaps among them."""
    if height <= 0 or not track.held:
        return []
    names = low, middle, high = chart.meaning(track.held[-1], single=chart.single(track.held))
    titles = "".join(right(name.upper(), NUMBER) for name in (middle, low, high) if name)
    lines = [line(Ink(f"{left('TIME', 8)}{titles}", "dim"))]
    found = [_Table(each.start, each, None) for each in track.held]
    found += [_Table(gap.start, None, gap) for gap in (*track.gaps, *track.coarse)]
    for each in sorted(found, key=lambda row: row.start, reverse=True)[: height - 1]:
        if each.gap is not None:
            length = age(each.gap.end - each.gap.start)
            mark, style = (GAP, "warn") if each.gap in track.gaps else (COARSE, "dim")
            told = f"{_clock(each.start)}  {mark} {length}: {each.gap.reason}"
            lines.append(fit(line(Ink(told, style)), TABLE))
        elif each.window is not None:
            lines.append(line(Ink(_clock(each.start), "dim"), *_numbers(each.window, names, track.row)))
    return lines


def _numbers(window: Window, names: tuple[str, str, str], row: Row) -> list[Ink]:
    low, _, high = names
    of = chart.point(window)
    shown = [of.middle, *([of.low] if low else []), *([of.high] if high else [])]
    plain = row.series.kind == "top"
    return [Ink(right(human(n, "1") if plain else row.shown(n), NUMBER)) for n in shown]


def _notes(gaps: Sequence[Gap], width: int) -> list[Line]:
    """The latest gaps with their reasons in full."""
    told = [
        f"{GAP} {_clock(gap.start)} to {_clock(gap.end)}  {age(gap.end - gap.start)}  no data: {gap.reason}"
        for gap in reversed(gaps[-NOTES:])
    ]
    if len(gaps) > NOTES:
        told[-1] += f"  (and {len(gaps) - NOTES} earlier gaps)"
    wrapped = (part for each in told for part in textwrap.wrap(each, width, subsequent_indent="  "))
    return [line(Ink(part, "warn")) for part in wrapped]


def _breakdown(track: Track, width: int) -> list[Line]:
    """What the latest window of a histogram or of top values holds, as bars."""
    summary = track.held[-1].summary if track.held else None
    if isinstance(summary, Histogram) and summary.count:
        quantiles = [("min", summary.low), *((f"p{100 * q:g}", summary.quantile(q)) for q in _QUANTILES)]
        quantiles.append(("max", summary.high))
        known = [(name, n, track.row.shown(n)) for name, n in quantiles if n is not None]
        title = f"latest window: {summary.count:,} values"
    elif isinstance(summary, Top) and summary.counts:
        ordered = sorted(summary.counts.items(), key=lambda item: (-item[1], item[0]))[:LIST]
        known = [(clean(name, 40), float(n), human(n, "1")) for name, n in ordered]
        known += [("other", float(summary.other), human(summary.other, "1"))] if summary.other else []
        title = f"latest window: {summary.seen:,} seen"
    else:
        return []
    return [line(Ink(f"  {title}", "dim")), *_bars(known, width)]


_QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


def _bars(known: Sequence[tuple[str, float, str]], width: int) -> list[Line]:
    most = max((n for _, n, _ in known), default=0.0)
    names = min(max((len(name) for name, _, _ in known), default=0), width // 3)
    room = min(60, width - names - 14)
    return [
        line(f"  {left(name, names)} {right(text, 9)} ", *bar(n / most if most > 0 else 0.0, room, "accent"))
        for name, n, text in known
    ]


def _clock(at: float) -> str:
    """Without its zone: an axis is narrow."""
    return clock(at).removesuffix("Z")
