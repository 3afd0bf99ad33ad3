"""`outrider spool status`: what waits to be confirmed, and what is left of the link's budget."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.ship.budget import Account
    from agent.store.reader import Reader


def show(reader: Reader, *, as_json: bool) -> int:
    """Print it, for people or as one JSON object."""
    waiting, account = _waiting(reader), _account(reader)
    if as_json:
        budget = account._asdict() if account is not None else None
        sys.stdout.write(json.dumps({"waiting": waiting, "budget": budget}) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(waiting, account))
    return 0


def _waiting(reader: Reader) -> dict[str, dict[str, float]]:
    """Of each stream what is not confirmed: records, bytes, and since when (wall s)."""
    found: dict[str, dict[str, float]] = {}
    for stored in reader.stored(bodies=False):
        if not stored.row.confirmed:
            each = found.setdefault(stored.row.key.stream, {"records": 0, "bytes": 0, "since": stored.start})
            each["records"] += 1
            each["bytes"] += stored.row.size
            each["since"] = min(each["since"], stored.start)
    return found


def _account(reader: Reader) -> Account | None:
    """The budget as the last flush knew it; None without one."""
    from agent.ship.budget import Saved
    from agent.ship.purse import LINK

    state = reader.states("kept").get(LINK)
    try:
        return Saved.load(state).account if state is not None else None
    except ValueError as error:
        sys.stderr.write(f"outrider spool: {error}; the daemon counts all as spent\n")
        return None


def _lines(waiting: dict[str, dict[str, float]], account: Account | None) -> list[str]:
    from agent.config.allowance import Bytes, written
    from agent.ledger import utc

    lines = [
        f"{stream}: {each['records']:.0f} record{'s' * (each['records'] != 1)}, {each['bytes']:,.0f} bytes, "
        f"not confirmed yet; the oldest of {utc(each['since'])}"
        for stream, each in waiting.items()
    ] or ["everything is confirmed"]
    if account is None:
        return [*lines, "no budget (ship.budget)"]
    budget = written(Bytes(account.limit, account.per))
    grain = f"; {account.grain} windows are shipped as one" if account.grain > 1 else ""
    spent = f"budget {budget}: {account.spent:,} bytes spent, {account.left:,} left of the last"
    return [*lines, f"{spent} {budget.partition('/')[2]}, as of the last flush{grain}"]
