"""`kinline tech`: the technician's verbs, a file each; importing them attaches them to the group."""

from kinline.cli.tech import detect, doctor, enroll, flash, label, listen, provision, record, selftest, swap, update, wipe
from kinline.cli.tech.group import tech_app

__all__ = [
    "detect",
    "doctor",
    "enroll",
    "flash",
    "label",
    "listen",
    "provision",
    "record",
    "selftest",
    "swap",
    "tech_app",
    "update",
    "wipe",
]
