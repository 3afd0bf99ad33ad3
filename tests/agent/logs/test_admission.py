from __future__ import annotations

from agent.logs.admission import QUIET, Admission
from agent.stats.window import Counter
from collectors.api import Series
from collectors.selection import Patterns, Selection

ONE = Counter(1, 1.0, 1 / 60, 0)


def series(name: str, **attributes: str) -> Series:
    return Series(name, "1", "counter", tuple(attributes.items()))


def test_what_is_not_picked_is_counted_once() -> None:
    selection = Selection(Patterns((), ("model.tokens*",)), {"route": Patterns(("/a*",))})
    admission = Admission(selection, lambda: 10)
    kept = series("model.requests", route="/ab")
    windows = {kept: ONE, series("model.requests", route="/b"): ONE, series("model.tokens"): ONE}
    for _ in range(3):
        assert admission.take(windows) == {kept: ONE}
        admission.hand_over()
    assert (admission.kept, admission.excluded, admission.refused) == (1, 2, 0)


def test_beyond_the_room_series_are_refused_until_others_are_quiet() -> None:
    admission = Admission(Selection(), lambda: 2)
    old, new = [series(f"a{n}") for n in range(2)], series("b")
    assert list(admission.take(dict.fromkeys((*old, new), ONE))) == old
    assert admission.refused == 1
    for _ in range(QUIET + 1):
        assert admission.takes(old[0])
        assert not admission.takes(new)
        admission.hand_over()
    assert admission.takes(new)
    assert (admission.kept, admission.refused) == (2, 1)


def test_where_the_room_shrinks_the_last_go_first() -> None:
    room = 3
    admission = Admission(Selection(), lambda: room)
    first, *_ = [each for n in range(3) if admission.takes(each := series(f"a{n}"))]
    room = 1
    admission.hand_over()
    assert admission.kept == 1
    assert admission.takes(first)
    room = -5
    admission.hand_over()
    assert admission.kept == 0
