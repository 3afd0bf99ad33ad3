"""What the device says of its rows, and what it makes of a sink's word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.ship.outbox import LOOKUPS, Outbox
from agent.ship.records import Ack, Epoch, Held, Key, Row, Tombstone, covered, is_block
from agent.ship.settling import REPEATS, RESENT

OWN, OLD = 2, 1
EPOCHS = (
    Epoch(OWN, OLD, {"windows": 50}, {"windows": 100}),
    Epoch(OLD, None, {}, {"windows": 50}),
)


def row(first: int, last: int | None = None, epoch: int = OWN, *, confirmed: bool = False) -> Row:
    last = first if last is None else last
    return Row(Key(epoch, "windows", first, last), b"%08d" % first, confirmed, 1000, None)


def stone(first: int, last: int) -> Row:
    key = Key(OWN, "windows", first, last)
    return Row(key, b"", confirmed=False, size=0, tombstone=Tombstone(key, "full", 1, 2, 3.0, 4.0))


def outbox(*rows: Row, sink: str = "main", **caps: int) -> Outbox:
    box = Outbox(sink, **caps)
    box.flushed(EPOCHS, rows, ())
    return box


def send_all(box: Outbox) -> list[Key]:
    keys = []
    while taken := box.take(10**9):
        for each in taken:
            box.sent(each.key, each.digest)
            keys.append(each.key)
    return keys


def held(
    have: list[tuple[int, int]], done: list[tuple[int, int]] | None = None, cut: int | None = None
) -> Ack:
    done = have if done is None else done
    return Ack("main", (Held(OWN, "windows", tuple(have), tuple(done), cut),), ())


def test_the_newest_flush_goes_first_and_the_backlog_oldest_first() -> None:
    box = outbox(row(0, 7), row(8, 15))
    box.flushed(EPOCHS, [row(16)], ())
    assert [k.first for k in send_all(box)] == [16, 0, 8]


def test_take_keeps_to_its_budget_but_always_gives_one() -> None:
    box = outbox(row(0), row(1), row(2))
    assert len(box.take(2500)) == 2
    assert len(box.take(1)) == 1
    assert box.take(10**6) == []


def test_a_tombstone_counts_against_the_budget_too() -> None:
    """A `take` of one that gave several left all but the first in flight for ever."""
    box = outbox(stone(0, 3), stone(8, 9), stone(20, 30))
    assert len(box.take(1)) == 1
    assert len(box.take(256)) == 2


def test_a_row_merged_since_it_was_sent_is_unsent() -> None:
    box = outbox(row(0), row(1))
    box.take(10**6)
    box.flushed(EPOCHS, [row(0, 1)], [row(0).key, row(1).key])
    box.sent(row(0).key, row(0).digest)
    assert box.settled() == []
    assert box.claims().pending == (Key(OWN, "windows", 0, 1),)
    assert box.claims().open == ()


def test_a_puback_for_another_digest_counts_for_nothing() -> None:
    box = outbox(row(0))
    box.take(10**6)
    box.sent(row(0).key, b"elsewise")
    assert box.claims().pending == (row(0).key,)


def test_under_confirm_broker_the_puback_settles() -> None:
    box = outbox(row(0), sink="")
    send_all(box)
    assert box.settled() == [(row(0).key, row(0).digest)]
    assert box.claims()[1:3] == ((), ())


def test_what_was_in_flight_when_the_connection_went_is_sent_again() -> None:
    box = outbox(row(0), row(1))
    box.take(1)
    box.cut()
    assert len(send_all(box)) == 2


def test_data_is_confirmed_by_have_alone_and_a_tombstone_by_done() -> None:
    box = outbox(row(0), stone(1, 3))
    send_all(box)
    box.heard(held([(0, 0)], [(0, 3)]))
    assert {key.first for key, _ in box.settled()} == {0, 1}


def test_half_a_block_held_confirms_nothing() -> None:
    box = outbox(row(0, 3))
    send_all(box)
    box.heard(held([(0, 2)]))
    assert box.settled() == []
    assert box.claims().open == (Key(OWN, "windows", 0, 3),)


def test_data_a_sink_counts_as_done_and_does_not_hold_is_sent_again() -> None:
    box = outbox(row(0), row(1))
    send_all(box)
    box.heard(held([(1, 1)], [(0, 1)]))
    assert [r.key.first for r in box.take(10**6)] == [0]


def test_nothing_is_concluded_above_the_cut() -> None:
    box = outbox(row(0), row(8))
    send_all(box)
    box.heard(held([], [(0, 8)], cut=5))
    assert [r.key.first for r in box.take(10**6)] == [0]


def test_a_row_whose_key_bears_other_content_at_the_sink_does_not_block_the_rest_for_ever() -> None:
    box = outbox(*map(row, range(20)), open_rows=2)
    for _ in range(REPEATS + 1):
        send_all(box)
        assert box.claims().open[0] == row(0).key
        box.heard(held([], [(0, 0)]))
    assert box.claims().open == (row(1).key, row(2).key)
    assert box.settled() == []


def test_a_wanted_row_that_waits_for_confirmation_is_sent_again() -> None:
    box = outbox(row(0), row(1))
    send_all(box)
    box.heard(held([(0, 0)]))
    assert box.heard(Ack("main", (), (Key(OWN, "windows", 0, 1),))).lookup == ()
    assert box.settled() == []
    assert [r.key.first for r in box.take(10**6)] == [0, 1]


def test_wanted_history_is_looked_up_sent_once_more_and_what_is_gone_is_said_to_be() -> None:
    box = outbox(row(6))
    wanted = Key(OWN, "windows", 0, 6)
    heard = box.heard(Ack("main", (), (wanted,)))
    assert heard.lookup == (Key(OWN, "windows", 0, 5),)
    box.found(heard.lookup[0], [row(2, 3, confirmed=True)])
    assert {(s.key.first, s.key.last, s.reason) for s in box.extra_tombstones()} == {
        (0, 1, "expired"),
        (4, 5, "expired"),
    }
    assert box.extra_tombstones() == []
    assert {key.first for key in send_all(box)} == {2, 6}
    assert box.settled() == []
    assert [k.first for k in box.claims().open] == [6]


def test_a_wanted_epoch_that_nobody_knows_is_answered_by_a_tombstone() -> None:
    box = outbox()
    wanted = Key(77, "windows", 0, 3)
    box.found(box.heard(Ack("main", (), (wanted,))).lookup[0], [])
    assert [(s.key, s.reason) for s in box.extra_tombstones()] == [(wanted, "unknown")]


def test_an_answer_that_wants_the_world_is_bounded() -> None:
    wants = tuple(Key(OLD, "windows", n, n) for n in range(0, 999, 2))
    assert len(outbox(row(1)).heard(Ack("main", (), wants * 10)).lookup) == LOOKUPS


def test_wanting_all_of_the_spool_and_of_history_again_and_again_sends_a_few_rows_each_time() -> None:
    box = outbox(*map(row, range(100)))
    send_all(box)
    wants = (Key(OLD, "windows", 0, 49), Key(OWN, "windows", 0, 99))
    history = [row(n, epoch=OLD, confirmed=True) for n in range(1000)]
    for _ in range(3):
        for wanted in box.heard(Ack("main", (), wants)).lookup:
            box.found(wanted, history)
        assert len(send_all(box)) == 2 * RESENT


def test_what_a_sink_says_twice_of_a_stream_counts_once() -> None:
    box = outbox(row(0))
    send_all(box)
    first = Held(OWN, "windows", (), ((0, 0),), None)
    box.heard(Ack("main", (first, first._replace(have=((0, 0),))), ()))
    assert box.settled() == []


def test_numbers_above_our_own_tell_of_a_resumed_snapshot() -> None:
    box = outbox(row(99))
    send_all(box)
    assert box.heard(held([(99, 100)])).fresh_epoch
    assert box.heard(Ack("main", (), (Key(OWN, "windows", 100, 120),))).fresh_epoch
    assert box.settled() == []
    assert not box.heard(held([(99, 99)])).fresh_epoch


def test_a_refused_row_is_given_up_in_words_when_it_is_wanted() -> None:
    box = outbox(row(0, 3))
    box.take(1)
    box.refused(row(0, 3).key, row(0).digest, "too_large")
    assert box.idle()
    box.heard(Ack("main", (), (Key(OWN, "windows", 2, 5),)))
    assert [(s.key.first, s.key.last, s.reason) for s in box.extra_tombstones()] == [(2, 3, "refused")]


def test_a_refusal_is_stored_with_the_next_flush_and_no_start_tries_the_row_again() -> None:
    box = outbox(row(0), row(1))
    box.take(1)
    box.refused(row(0).key, row(0).digest, "too_large")
    refusals = box.refusals()
    assert refusals == {row(0).digest: "too_large"}
    box.flushed(box.epochs, (), ())
    assert box.refusals() == {}
    later = outbox(row(0), row(1))
    later.remember([row(0).digest])
    assert [each.key for each in later.take(10_000)] == [row(1).key]
    later.flushed(later.epochs, (), [row(0).key])
    assert later.refusals() == {row(0).digest: None}, "merged or dropped since"


def test_a_refusal_of_a_row_that_is_gone_is_forgotten_and_only_so_many_go_at_once() -> None:
    box = outbox(row(0))
    box.remember([bytes([n]) * 8 for n in range(40)])
    assert list(box.refusals().values()) == [None] * 32
    box.flushed(box.epochs, (), ())
    assert len(box.refusals()) == 8
    assert len(box.refusals()) == 8, "nothing was committed meanwhile"


def test_claims_explain_every_epoch_they_name() -> None:
    claims = outbox(row(3, epoch=OLD), row(60)).claims()
    assert [e.id for e in claims.epochs] == [OWN, OLD]
    assert [e.id for e in outbox(row(60)).claims().epochs] == [OWN]


def test_an_epoch_without_numbers_is_named_for_what_it_would_hide() -> None:
    lives = (
        Epoch(4, 3, {}, {"windows": 1}),
        Epoch(3, 2, {}, {}),
        Epoch(2, 1, {"windows": 5}, {}),
        Epoch(1, None, {}, {"windows": 5}),
    )
    box = Outbox("main")
    box.flushed(lives, [], ())
    assert [e.id for e in box.claims().epochs] == [4, 3, 2]


@given(st.sets(st.integers(0, 400)), st.sets(st.integers(0, 400)), st.integers(1, 5))
def test_pending_is_capped_covers_what_it_lists_and_says_what_it_leaves_out(
    new: set[int], old: set[int], cap: int
) -> None:
    rows = [row(n) for n in new] + [row(n, epoch=OLD) for n in old]
    claims = outbox(*rows, pending_intervals=cap).claims()
    assert len(claims.pending) <= cap
    told = {(key.epoch, key.stream) for key in claims.pending}
    for each in rows:
        if each.key[:2] in told:
            spans = [k[2:] for k in claims.pending if k[:2] == each.key[:2]]
            assert covered(each.key.first, each.key.last, spans)
        else:
            assert claims.more
            assert each.key.epoch == OLD


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_blocks_are_aligned_powers_of_two(first: int, size: int) -> None:
    aligned = size > 0 and bin(size).count("1") == 1 and first % size == 0
    assert is_block(first, first + size - 1) == aligned


def test_rows_of_a_store_that_was_set_aside_are_forgotten_with_their_epochs() -> None:
    box = outbox(row(0), row(1), row(0, epoch=OLD))
    box.flushed((Epoch(7, None, {}, {"windows": 1}),), [row(0, epoch=7)], ())
    assert send_all(box) == [row(0, epoch=7).key]
    assert [key.epoch for key in box.claims().open] == [7]


def test_what_is_withheld_is_pending_and_goes_once_it_is_free() -> None:
    box = outbox(row(0, 7), row(8), row(3, epoch=OLD), row(9))
    box.withhold("clock", lambda key: key.epoch == OWN)
    box.withhold("grain", lambda key: key.first == 8)
    assert [key[:1] + key[2:] for key in send_all(box)] == [(OLD, 3, 3)]
    assert box.idle()
    assert box.claims().pending == (Key(OWN, "windows", 0, 9),)
    box.withhold("clock", None)
    assert [key.first for key in send_all(box)] == [9, 0]
    box.withhold("grain", None)
    box.withhold("grain", None)
    assert [key.first for key in send_all(box)] == [8]
    assert box.claims().pending == ()


def test_what_is_withheld_stays_so_when_it_is_merged_or_wanted() -> None:
    box = outbox(row(0), row(1))
    box.withhold("clock", lambda key: key.epoch == OWN)
    box.flushed(EPOCHS, [row(0, 1)], [row(0).key, row(1).key])
    box.heard(Ack("main", (), (Key(OWN, "windows", 0, 1),)))
    assert send_all(box) == []
    assert box.claims().pending == (Key(OWN, "windows", 0, 1),)
