"""`kinline tech`: the technician's verbs, one file each; importing them attaches them to the group."""

from kinline.cli.tech import detect, doctor, flash, label, provision, record, wipe
from kinline.cli.tech.group import tech_app

__all__ = ["detect", "doctor", "flash", "label", "provision", "record", "tech_app", "wipe"]
