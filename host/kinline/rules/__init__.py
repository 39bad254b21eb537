"""The calling rules: one pure, replayable decision per attempt.

A `Profile` is a facility's rules as data (`kinline.profiles` reads them); `decide` applies it to a
`CallRequest` and answers `Allow` or `Deny`.
"""

from kinline.rules.decide import decide
from kinline.rules.history import history_needed_since
from kinline.rules.model import (
    Allow,
    Announcement,
    Billing,
    CalledParty,
    CallRequest,
    Contact,
    ContactStatus,
    Decision,
    Deny,
    Facility,
    Inmate,
    NumberClass,
    PastCall,
    Restriction,
    Window,
)
from kinline.rules.numbers import to_e164
from kinline.rules.profile import Profile, ProfileError, profile_from
from kinline.rules.scenario import ScenarioError, decision_json, read_scenario

__all__ = [
    "Allow",
    "Announcement",
    "Billing",
    "CallRequest",
    "CalledParty",
    "Contact",
    "ContactStatus",
    "Decision",
    "Deny",
    "Facility",
    "Inmate",
    "NumberClass",
    "PastCall",
    "Profile",
    "ProfileError",
    "Restriction",
    "ScenarioError",
    "Window",
    "decide",
    "decision_json",
    "history_needed_since",
    "profile_from",
    "read_scenario",
    "to_e164",
]
