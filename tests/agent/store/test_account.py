from __future__ import annotations

from agent.store.account import Account, Change, counted


def test_what_differs_only_in_its_amount_is_joined() -> None:
    account = Account()
    for change in (
        Change("lost", "windows", "full", 1, 100, 20.0, 30.0),
        Change("lost", "windows", "expired", 1, 50, 0.0, 10.0),
        Change("lost", "windows", "full", 2, 10, 5.0, 25.0),
        Change("merged", "windows", "age", 8, 900, 0.0, 80.0),
        Change("merged", "events", "age", 2, 90, 0.0, 80.0),
    ):
        account.note(change)
    assert account.changes()[0] == Change("lost", "windows", "full", 3, 110, 5.0, 30.0)
    assert len(account.changes()) == 4
    assert counted(account.changes()) == {"full": 3, "expired": 1, "merged": 10}
