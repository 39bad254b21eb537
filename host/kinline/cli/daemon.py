"""`kinline daemon`."""

from kinline.cli.later import calling
from kinline.cli.options import DEFAULT_CONFIG, Config
from kinline.config import load

_run = calling("daemon.run", "run")


def daemon(config: Config = DEFAULT_CONFIG) -> None:
    _run(load(config))
