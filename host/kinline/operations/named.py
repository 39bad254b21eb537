"""The fields that many operations have: whom and what they are about."""

from typing import Annotated

from pydantic import Field

from kinline.operations.fields import Argument, FileText, InmateNumber, Matching, Note, RowId, TelephoneNumber
from kinline.operations.operation import Answer
from kinline.people.sheet import MAX_BYTES

TheInmate = Annotated[InmateNumber, Argument("INMATE"), Field(description="The inmate's number.")]
TheNumber = Annotated[TelephoneNumber, Argument("NUMBER"), Field(description="A telephone number, as dialed or +1…")]
TheId = Annotated[RowId, Argument("ID"), Field(description="Its number, as the list shows it.")]
TheReason = Annotated[Note, Field(description="Why; it goes into the audit log.")]
Prefix = Annotated[str, Matching(r"\+[1-9][0-9]{0,13}", "the beginning of a number; write it as +1900", 15)]
ShortCode = Annotated[str, Matching(r"[0-9]{1,2}", "a short code; it has one or two digits", 2)]
Document = Annotated[str, Matching(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+", "a reference; write it in one line", 200)]
Sheet = Annotated[str, FileText(), Field(max_length=MAX_BYTES, description="A sheet: comma-separated, with a header line.")]
Everywhere = Annotated[bool, Field(description="At every facility.")]


class SheetTaken(Answer):
    """A sheet is taken whole, or not at all."""

    rows: int
