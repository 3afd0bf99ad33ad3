from __future__ import annotations

import pytest

from collectors.logs.tail.chain import MARGIN, Chain, Family
from collectors.logs.tail.position import MOST_ENDED, Ended, Position
from collectors.logs.tail.proof import Proof, ladder
from collectors.logs.tail.source import Limits
from collectors.logs.tail.track import Track

LIMITS = Limits(wait=1.0, linger=30.0)


def track(key: int, *, live: bool = False, written: int = 0) -> Track:
    return Track(key, Position("/l/app.log", 1, key, 0, Proof(), written, live=live))


def chain(*tracks: Track, path: str = "/l/app.log") -> Chain:
    made = Chain(path, Family("/l/app.log"))
    made.family.chains.append(made)
    made.tracks += tracks
    return made


def test_the_newest_is_live_and_what_is_found_later_goes_before_it() -> None:
    made = chain(track(1), track(2, live=True))
    made.insert(track(3))
    assert [each.key for each in made.tracks] == [1, 3, 2]
    assert made.live is made.tracks[-1]
    assert not made.steady
    assert chain(track(1, live=True)).steady
    assert chain(track(1)).live is None


def test_later_ones_wait_until_the_earlier_are_read_and_quiet() -> None:
    old, new = track(1), track(2, live=True)
    made = chain(old, new)
    assert made.unblocked(100.0, 1.0) == [old]
    old.spent = True
    assert made.unblocked(100.0, 1.0) == [new]


def test_a_departure_is_the_mark_from_which_others_are_newer() -> None:
    live = track(1, live=True, written=7)
    made = chain(live)
    made.depart(live, 5, 50.0)
    assert (made.since, made.searching, live.live) == (7, 5, False)
    made.search(track(2, written=3), 5)
    assert made.since == 3


def test_what_is_searched_for_bears_the_name_of_the_log_and_not_of_what_was_found() -> None:
    live = track(1, live=True)
    live.real = "/data/app.log"
    made = chain(live)
    made.depart(live, 5, 50.0)
    found = track(2)
    found.real = "/data/app.log.3.xz"
    made.search(found, 5)
    assert made.real == "/data/app.log"


def test_only_the_path_of_the_log_itself_searches() -> None:
    first = chain(track(1, live=True))
    other = Chain("/l/app.log.1", first.family)
    first.family.chains.append(other)
    other.search(track(2, written=3), 5)
    assert other.searching == 0
    first.family.chains.remove(first)
    other.search(track(2, written=3), 5)
    assert other.searching == 5


@pytest.mark.parametrize(
    ("quiet", "links", "crowded", "size", "over"),
    [
        (0.5, 0, False, 9, False),
        (1.0, 0, False, 9, True),
        (2.0, 1, False, 9, False),
        (2.0, 1, True, 9, True),
        (30.0, 1, False, 9, True),
        (30.0, 1, False, 0, False),
    ],
)
def test_when_nothing_more_is_to_be_expected(
    quiet: float, links: int, crowded: bool, size: int, over: bool
) -> None:
    old, new = track(1), track(2, live=True)
    new.size = size
    assert chain(old, new).over(old, quiet, links, LIMITS, crowded=crowded) == over


def test_a_file_without_a_follower_may_be_written_for_ever() -> None:
    old = track(1)
    assert not chain(old).over(old, 1e6, 1, LIMITS, crowded=True)


def test_what_is_gone_for_long_is_forgotten() -> None:
    old = track(1)
    made = chain(old, path="/nowhere/app.log")
    assert not made.forgotten(1e6, 3600.0)
    old.spent = True
    assert made.forgotten(3600.0, 3600.0)
    assert not made.follows_nothing(3600.0, 3600.0)
    made.tracks.clear()
    assert made.follows_nothing(3600.0, 3600.0)


def test_what_is_older_than_all_that_is_searched_for_is_forgotten() -> None:
    made = chain(track(1, written=MARGIN + 5), track(2, live=True, written=3 * MARGIN))
    made.family.note_ended(Ended(1, Proof(ladder(b"%040d" % age)), age) for age in (4, 5, MARGIN))
    made.family.forget()
    assert [each.written for each in made.family.ended] == [5, MARGIN]


def test_what_may_still_be_found_is_not_forgotten() -> None:
    made = chain(track(1, live=True, written=3 * MARGIN))
    made.search(track(2, written=5), 1)
    made.family.note_ended([Ended(1, Proof(ladder(b"%040d" % 1)), 5)])
    made.family.forget()
    assert len(made.family.ended) == 1
    made.searching = 0
    made.family.forget()
    assert made.family.ended == []


def test_what_was_read_is_remembered_up_to_a_number() -> None:
    family = Family("/l/app.log")
    for number in range(MOST_ENDED + 5):
        family.note_ended([Ended(number, Proof(ladder(b"%040d" % number)), number)] * 2)
    assert [each.offset for each in family.ended] == list(range(5, MOST_ENDED + 5))
    family.note_ended([Ended(1, Proof(), 1)])
    assert len(family.ended) == MOST_ENDED
    made = chain(track(1), track(2, live=True))
    assert (len(made.family.known()), len(made.family.past())) == (2, 1)


def test_nothing_older_than_a_full_memory_is_new() -> None:
    family = Family("/x/app.log")
    proofs = [Proof((bytes([at] * 6),), b"") for at in range(MOST_ENDED + 1)]
    family.note_ended(Ended(20, proof, 100 + at) for at, proof in enumerate(proofs[:-1]))
    assert family.floor == 100
    family.note_ended([Ended(20, proofs[-1], 500)])
    assert family.floor == 101
    family.note_ended([Ended(20, Proof((b"before",)), 7)])
    assert (family.floor, len(family.ended)) == (101, MOST_ENDED)


def test_what_nobody_read_is_searched_for_at_the_path_of_the_log_itself() -> None:
    family = Family("/l/app.log")
    family.chains += [Chain("/l/app.log.1", family), Chain("/l/app.log", family)]
    rotated, log = family.chains
    family.search(track(1, written=5), 3)
    assert (rotated.searching, log.searching, log.since) == (0, 3, 5)


def test_where_the_clock_was_set_back_what_is_followed_is_newest() -> None:
    made = chain(track(1, live=True, written=50))
    made.family.note_ended(Ended(20, Proof((bytes([at] * 6),)), 100 + at) for at in range(MOST_ENDED))
    assert made.family.floor == 50
