"""`kinline daemon`."""

from kinline.cli.options import DEFAULT_CONFIG, Config
from kinline.config import load
from kinline.daemon.run import run


def daemon(config: Config = DEFAULT_CONFIG) -> None:
    run(load(config))
