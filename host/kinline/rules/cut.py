"""Whether what staff did after a call began stops it: the same rules, asked again while it runs."""

from kinline.rules.case import case_of
from kinline.rules.decide import find
from kinline.rules.model import CallRequest
from kinline.rules.profile import Profile

# Hours, allowances and money are in the grant already, and only staff's word can come in the middle of a call.
_STAFFS_WORD = ("suspension", "restriction")


def cut_by(request: CallRequest, profile: Profile) -> str | None:
    """The rule by which staff stop this call at the request's moment; None if nothing they did reaches it.

    What a suspension never reaches, counsel without a determination or an anonymous line, goes on.
    """
    refused = [bound.rule for bound in find(case_of(request, profile)).refusals]
    return next((rule for rule in _STAFFS_WORD if rule in refused), None)
