"""Callers' names in their own voices."""

import io
import wave
from datetime import datetime

from kinline.operations.desk import Desk
from kinline.operations.fields import AtFacility
from kinline.operations.named import TheInmate, TheReason
from kinline.operations.operation import Answer, Order, Question, Sound, operation


class NameList(Question):
    facility: AtFacility = None


class NameLine(Answer):
    """An inmate whose name is kept, since when, and at which telephone it was said."""

    inmate: str
    recorded_at: datetime
    handset: str


@operation(
    "name.list",
    roles={"counselor", "investigator"},
    example={},
    empty="Nobody has said a name yet; inmates are asked after their PIN.",
)
def list_names(desk: Desk, request: NameList) -> list[NameLine]:
    """List whose names are kept in their own voices."""
    infos = desk.store.spoken_names(desk.home(request.facility))
    return [NameLine(inmate=info.inmate, recorded_at=info.recorded_at, handset=info.handset) for info in infos]


class NamePlay(Order):
    inmate: TheInmate
    facility: AtFacility = None


@operation("name.play", roles={"counselor", "investigator"}, example={"inmate": "1001"}, verb=False)
def play_name(desk: Desk, request: NamePlay) -> Sound:
    """Hear an inmate's name as called parties do: a WAV."""
    sound = desk.store.name_heard(desk.home(request.facility), request.inmate, desk.now, desk.by)
    whole = io.BytesIO()
    with wave.open(whole, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(sound)
    return Sound([whole.getvalue()])


class NameErase(Order):
    inmate: TheInmate
    reason: TheReason
    facility: AtFacility = None


class NameErased(Answer):
    inmate: str


@operation(
    "name.erase",
    roles={"counselor"},
    example={"inmate": "1001", "reason": "it was no name"},
    tell="The name is erased; inmate {inmate} is asked for it at the next visit.",
)
def erase_name(desk: Desk, request: NameErase) -> NameErased:
    """Erase what an inmate said as their name, so that it is asked for anew."""
    desk.store.erase_name(desk.home(request.facility), request.inmate, request.reason, desk.now, desk.by)
    return NameErased(inmate=request.inmate)
