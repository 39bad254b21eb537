"""Recordings: the keys that they are sealed under, their files, what is whole in them, and what leaves the house."""

from kinline.recordings.errors import RecordingError
from kinline.recordings.export import Export, check_export, export
from kinline.recordings.keys import Keyring, load_keys, made_keys, rotate_keys
from kinline.recordings.report import Report, Stretch, inspected
from kinline.recordings.sealed import Sealed

__all__ = [
    "Export",
    "Keyring",
    "RecordingError",
    "Report",
    "Sealed",
    "Stretch",
    "check_export",
    "export",
    "inspected",
    "load_keys",
    "made_keys",
    "rotate_keys",
]
