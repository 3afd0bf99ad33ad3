"""`outrider baseline`: what a model was made for, from tables; shown, and compared with another."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.stats.baseline import Baseline
    from agent.tables.choice import Choice
    from agent.tables.source import Source
    from collectors.logs.formats.format import Format

EXAMPLES = """examples:
  outrider baseline train.csv --model churn --version 3       writes churn.baseline.json
  outrider baseline day*.jsonl --model churn --prediction label --confidence score
  outrider baseline train.parquet --model churn --exclude 'id,meta_*' --category zip_code
  outrider baseline iris.csv --model iris --rename 'sepal length (cm)=sepal_length'
  outrider baseline api.log --model churn --format churn_log  a log, in a [[format]] of yours
  outrider baseline --show churn.baseline.json
  outrider baseline new.csv --like churn.baseline.json --output new.json
  outrider baseline --compare churn.baseline.json new.json    exit code 1: something drifted

FILE is CSV (or with ; tab or |), JSON lines or Parquet (pip install 'outrider[parquet]'); CSV and JSON lines
also gzipped. It is read twice and may be of any size; several add up. A column is a number where at least
half of its cells are, else a category; what has another text in nearly each row is left out. Columns
features.NAME, or an object "features", hold the features; without them all columns are. Prediction and
confidence are features too. --compare wants one standard: make the second --like the first.
Exit codes of --compare: 0 nothing drifted, 1 something did, 2 they cannot be compared.
"""
FAILED, USAGE = 1, 2


def add(parser: argparse.ArgumentParser, _verb: str) -> None:
    """Register the arguments of `baseline`."""
    from agent.cli.flags import add_flags

    parser.epilog = EXAMPLES
    parser.add_argument("files", nargs="*", metavar="FILE", type=Path, help="a table")
    parser.add_argument("--model", metavar="NAME", help="the model that it is of, as in [[model]]")
    parser.add_argument("--version", metavar="V", help="and its version; without one, any")
    parser.add_argument("--feature", **_NAMES, help="only these columns, or patterns")  # type: ignore[arg-type]
    parser.add_argument("--exclude", **_NAMES, help="not these")  # type: ignore[arg-type]
    parser.add_argument("--category", **_NAMES, help="these are categories")  # type: ignore[arg-type]
    parser.add_argument(
        "--rename", type=pair, action="append", default=[], metavar="COLUMN=NAME", help="as logs call it"
    )
    parser.add_argument("--prediction", metavar="COLUMN", default="prediction", help="what the model said")
    parser.add_argument("--confidence", metavar="COLUMN", default="confidence", help="how sure it was")
    parser.add_argument("--header", **_NAMES, help="the columns, where a first row is data")  # type: ignore[arg-type]
    parser.add_argument("--format", metavar="F", help="the format of a log, such as a [[format]]")
    parser.add_argument("--like", metavar="OTHER", type=Path, help="features and standards of this baseline")
    parser.add_argument("--output", metavar="OUT", type=Path, help="default: MODEL.baseline.json")
    parser.add_argument("--show", metavar="BASELINE", type=Path, help="print one")
    parser.add_argument("--compare", nargs=2, metavar=("A", "B"), type=Path, help="whether B drifted from A")
    parser.add_argument("--json", action="store_true", help="print JSON objects, one a line")
    add_flags(parser, ())
    parser.set_defaults(run=run, verb="baseline")


def names(text: str) -> list[str]:
    """Names with commas between."""
    return [name for part in text.split(",") if (name := part.strip())]


def pair(text: str) -> tuple[str, str]:
    """Two names with a = between.

    Raises:
        ValueError: there is none.
    """
    column, between, name = text.rpartition("=")
    if not (column and between and name):
        raise ValueError(text)
    return column, name


_NAMES = {"type": names, "action": "extend", "default": [], "metavar": "NAME,.."}


def run(args: argparse.Namespace) -> int:
    """Make, show or compare; what is wrong is told on stderr."""
    from agent.stats.baseline import BaselineError
    from agent.tables.chunk import TableError

    modes = [bool(args.files), args.show is not None, args.compare is not None]
    if sum(modes) != 1:
        return _fail("give it tables, or --show, or --compare", USAGE)
    try:
        if args.compare is not None:
            return _compare(args)
        return _show(args) if args.show is not None else _make(args)
    except (BaselineError, TableError) as error:
        return _fail(str(error), USAGE if args.compare else FAILED)
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}", USAGE if args.compare else FAILED)


def _fail(why: str, code: int) -> int:
    from agent.view.clean import clean

    sys.stderr.write(f"outrider baseline: {clean(why, 1000)}\n")
    return code


def _print(lines: Iterator[str]) -> None:
    from agent.cli.reading import print_lines

    print_lines(lines, sys.stdout)


def _load(path: Path) -> Baseline:
    """A baseline from a file.

    Raises:
        OSError: it cannot be read.
        BaselineError: it is none.
    """
    from agent.stats.baseline import LARGEST, BaselineError, decoded

    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    try:
        return decoded(data)
    except BaselineError as error:
        raise BaselineError(f"{path}: {error}") from None


def _show(args: argparse.Namespace) -> int:
    from agent.cli.baselines import as_json, as_text

    baseline = _load(args.show)
    if args.json:
        _print(map(json.dumps, as_json(baseline)))
    else:
        _print(as_text(baseline))
    return 0


def _compare(args: argparse.Namespace) -> int:
    from agent.cli.baselines import compared, compared_json, compared_text

    one, two = map(_load, args.compare)
    found = compared(one, two)
    _print(map(json.dumps, compared_json(found)) if args.json else compared_text(found))
    return FAILED if any(each.differs for each in found) else 0


def _make(args: argparse.Namespace) -> int:
    from agent.cli.baselines import made_json, made_text
    from agent.service.steps import write
    from agent.stats.baseline import NAME, encoded
    from agent.stats.topk import key_of
    from agent.tables.making import made

    like = _load(args.like) if args.like is not None else None
    model = args.model if args.model is not None else like.model if like is not None else ""
    version = args.version if args.version is not None else like.version if like is not None else ""
    if not model:
        return _fail("--model names the model that it is of", USAGE)
    if (key_of(model), key_of(version)) != (model, version):
        return _fail(f"a model and its version have names of at most {NAME} characters of Unicode", USAGE)
    output = args.output if args.output is not None else Path(f"{model.replace('/', '_')}.baseline.json")
    form = _form(args)
    if isinstance(form, str):
        return _fail(form, USAGE)
    found = made(_sources(args, form), _choice(args), (model, version), time.time(), like)
    data = encoded(found.baseline)
    write(output.absolute(), data.decode())
    if args.json:
        _print(map(json.dumps, made_json(found, output, len(data))))
    else:
        _print(made_text(found, output, len(data)))
    return 0


def _choice(args: argparse.Namespace) -> Choice:
    from agent.tables.choice import Choice

    return Choice(
        tuple(args.feature),
        tuple(args.exclude),
        tuple(args.category),
        args.prediction,
        args.confidence,
        dict(args.rename),
    )


def _sources(args: argparse.Namespace, form: Format | None) -> list[Source]:
    from agent.tables.source import Source

    return [Source(path, tuple(args.header), form) for path in args.files]


def _form(args: argparse.Namespace) -> Format | str | None:
    """The format that was asked for, if any; or why there is none."""
    if args.format is None:
        return None
    from agent.cli.flags import settings
    from agent.config.formats import form_named, own_formats
    from collectors.logs.formats.presets import PRESETS

    own = own_formats(settings(args).format)
    form = form_named(args.format, own)
    if isinstance(form, str):
        return f"there is no format {form!r}; there are: {', '.join([*own, *PRESETS])}"
    return form
