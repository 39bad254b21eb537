"""Messages that staff pass on to inmates in an emergency."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, AtFacility, Matching, Moment, Option
from kinline.operations.named import TheId, TheInmate
from kinline.operations.operation import Answer, Order, Question, operation
from kinline.store.given import LONGEST_MESSAGE

Spoken = Annotated[
    str,
    Matching(
        r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*[^\W_][^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*",
        f"a message; write up to {LONGEST_MESSAGE} characters in one line, in the inmate's language",
        LONGEST_MESSAGE,
    ),
]


class MessageLeave(Order):
    inmate: TheInmate
    text: Annotated[Spoken, Argument("TEXT"), Field(description="What is said, in the inmate's language.")]
    expires_at: Annotated[Moment | None, Option("--expires"), Field(description="Without it: in a week.")] = None
    facility: AtFacility = None


class MessageLeft(Answer):
    id: int


@operation(
    "message.leave",
    roles={"counselor"},
    example={"inmate": "1001", "text": "Please call your sister today."},
    tell="Message {id} waits for the inmate's next PIN.",
)
def leave_message(desk: Desk, request: MessageLeave) -> MessageLeft:
    """Pass a message on to an inmate, who hears it after the next PIN."""
    home = desk.home(request.facility)
    row = desk.store.leave_message(home, request.inmate, request.text, request.expires_at, desk.now, desk.by)
    return MessageLeft(id=row)


class MessageWithdraw(Order):
    id: TheId
    facility: AtFacility = None


@operation("message.withdraw", roles={"counselor"}, example={"id": 1}, tell="Message {id} is withdrawn.")
def withdraw_message(desk: Desk, request: MessageWithdraw) -> MessageLeft:
    """Take back a message that was not heard yet."""
    desk.store.withdraw_message(request.id, desk.home(request.facility), desk.now, desk.by)
    return MessageLeft(id=request.id)


class MessageList(Question):
    inmate: TheInmate
    facility: AtFacility = None


class MessageLine(Answer):
    id: int
    text: str
    entered_by: str
    entered_at: datetime
    expires_at: datetime
    delivered_at: datetime | None
    handset: str | None
    withdrawn_at: datetime | None


@operation("message.list", roles={"counselor"}, example={"inmate": "1001"}, empty="No message was left for this inmate.")
def list_messages(desk: Desk, request: MessageList) -> list[MessageLine]:
    """List an inmate's messages: entered, heard, expired, withdrawn."""
    infos = desk.store.messages(desk.home(request.facility), request.inmate)
    return [
        MessageLine(
            id=info.id,
            text=info.text,
            entered_by=info.entered_by,
            entered_at=info.entered_at,
            expires_at=info.expires_at,
            delivered_at=info.delivered_at,
            handset=info.handset,
            withdrawn_at=info.withdrawn_at,
        )
        for info in infos
    ]
