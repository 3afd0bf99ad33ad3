"""The flags that stand for settings, the same for every verb that reads the configuration."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from agent.config import DEFAULT_FILE, Config, Faults, Loaded, load_with_origins
from agent.config.beside import beside

BAD_CONFIGURATION = 78


class Flag(NamedTuple):
    """A flag over the file: the setting it wins over, and what `--help` says."""

    key: str
    metavar: str
    help: str


FLAGS = {
    "--broker": Flag("broker.url", "URL", "the MQTT broker, as broker.url"),
    "--state-dir": Flag("store.directory", "D", "where the store stands, as store.directory"),
    "--runtime-dir": Flag("runtime.directory", "D", "where the ring stands, as runtime.directory"),
    "--device": Flag("device.name", "NAME", "this device's name, as device.name"),
    "--span": Flag("window.span", "60s", "how long a window is, as window.span"),
}
DIRECTORIES = ("--state-dir", "--runtime-dir")


def add_flags(
    parser: argparse.ArgumentParser, names: Iterable[str] = tuple(FLAGS), *, inner: bool = False
) -> None:
    """Add `--config` and these of the flags above to a verb; `inner` to the action of a verb that has them
    too, so that what stands before the action holds unless it is given again."""
    unless = argparse.SUPPRESS if inner else None
    parser.add_argument(
        "--config",
        metavar="F",
        default=unless,
        help=f"the configuration (default: {DEFAULT_FILE}, if it exists); *.toml in conf.d beside it follow",
    )
    for name in names:
        flag = FLAGS[name]
        parser.add_argument(name, metavar=flag.metavar, dest=flag.key, default=unless, help=flag.help)


def files(args: argparse.Namespace) -> list[str]:
    """The files to load: the one named, else the default one if it exists; then those of conf.d beside it.

    Raises:
        Faults: conf.d cannot be read.
    """
    main = args.config if args.config is not None else DEFAULT_FILE
    found = [main] if args.config is not None or Path(DEFAULT_FILE).exists() else []
    return [*found, *beside(main)]


def overrides(args: argparse.Namespace) -> dict[str, object]:
    """The settings given by flags, by dotted key; directories are made absolute."""
    given: dict[str, object] = {}
    for name, flag in FLAGS.items():
        value = getattr(args, flag.key, None)
        if value is not None:
            given[flag.key] = str(Path(value).absolute()) if name in DIRECTORIES and value else value
    return given


def load_flags(args: argparse.Namespace) -> Loaded:
    """The settings, and where they came from.

    Raises:
        Faults: every fault in files and flags.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    return load_with_origins(files(args), overrides(args), credentials=credentials, environment=os.environ)


def settings(args: argparse.Namespace) -> Config:
    """The settings; or every fault on stderr, and the end with exit code 78."""
    return load_or_end(args).config


def load_or_end(args: argparse.Namespace) -> Loaded:
    """The settings, and where they came from; or every fault on stderr, and the end with exit code 78."""
    try:
        return load_flags(args)
    except Faults as faults:
        sys.stderr.write(f"{faults}\n")
        raise SystemExit(BAD_CONFIGURATION) from None
