"""The audit log: reading it, and proving that it is whole."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import Matching, PersonName
from kinline.operations.operation import Answer, Question, operation

Hash = Annotated[str, Matching(r"[0-9a-f]{64}", "a hash; it has 64 hexadecimal digits, as `audit head` prints them", 64)]
Action = Annotated[str, Matching(r"[a-z.-]+", "a kind of deed; write for example contact.add", 60)]


class AuditVerify(Question):
    head: Annotated[
        Hash | None, Field(description="A hash that `audit head` printed earlier: the log must still contain that row.")
    ] = None


class AuditVerified(Answer):
    """`head` is the last row's hash that could be checked; `head_found` is about the one that was asked for."""

    rows: int
    whole: bool
    broken_at: int | None
    head: str
    head_found: bool | None


def _told(answer: AuditVerified) -> str:
    if answer.broken_at is not None:
        return f"The chain breaks at row {answer.broken_at}."
    if answer.head_found is False:
        return f"{answer.rows} rows, and none is the one that was kept: the log was cut short or written anew."
    return f"{answer.rows} rows, the chain is whole."


@operation("audit.verify", roles={"auditor"}, example={}, tell=_told, ended_well=lambda answer: answer.whole)
def verify_audit(desk: Desk, request: AuditVerify) -> AuditVerified:
    """Recompute the audit log's chain; exit code 1 if a row was changed or removed."""
    report = desk.store.verify_audit(request.head)
    return AuditVerified.model_validate(report)


class AuditHead(Question):
    pass


class TheHead(Answer):
    rows: int
    hash: str


@operation("audit.head", roles={"auditor"}, example={}, tell="{rows} rows, the last with hash {hash}")
def audit_head(desk: Desk, request: AuditHead) -> TheHead:
    """Print how far the audit log goes, to be kept elsewhere and given to `audit verify --head`."""
    return TheHead.model_validate(desk.store.audit_head())


class AuditList(Question):
    limit: Annotated[int, Field(ge=1, le=10_000, description="How many, the newest first.")] = 20
    actor: Annotated[PersonName | None, Field(description="What this person did.")] = None
    action: Annotated[Action | None, Field(description="Deeds of this kind, for example contact.add.")] = None


class Deed(Answer):
    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: dict[str, Any]


@operation("audit.list", roles={"auditor"}, example={"limit": 5}, empty="Nothing was done yet.")
def list_audit(desk: Desk, request: AuditList) -> list[Deed]:
    """List what staff did."""
    return [Deed.model_validate(deed) for deed in desk.store.audited(request.limit, request.actor, request.action)]
