"""`kinline tech`: the technician's verbs, one file each; importing them attaches them to the group."""

from kinline.cli.tech import doctor
from kinline.cli.tech.group import tech_app

__all__ = ["doctor", "tech_app"]
