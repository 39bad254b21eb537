"""The daemon: the only place where rules, calls and accounts meet serial ports, SIP and the database."""

from kinline.daemon.run import run

__all__ = ["run"]
