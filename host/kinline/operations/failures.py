"""What an operation fails with for a reason that whoever asked can mend: each text names the place and the next step."""

from kinline.accounts import MoneyError, PinError
from kinline.config import SettingsError
from kinline.live.client import LiveError
from kinline.operations.roles import Forbidden
from kinline.people.sheet import SheetError
from kinline.recordings import RecordingError
from kinline.rules import ProfileError, ScenarioError
from kinline.store import StoreError

FAILURES = (
    Forbidden,
    StoreError,
    RecordingError,
    MoneyError,
    PinError,
    SheetError,
    ProfileError,
    ScenarioError,
    SettingsError,
    LiveError,
)
