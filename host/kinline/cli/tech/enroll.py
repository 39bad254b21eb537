"""`kinline tech enroll`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from kinline.cli.options import DEFAULT_CONFIG, As, Config, Facility, Json
from kinline.cli.site import at_desk
from kinline.cli.tech.options import DEFAULT_SHEETS, Port, Sheets
from kinline.cli.tech.provision import DeviceFile
from kinline.cli.tech.telling import verb
from kinline.cli.verbs import request_of
from kinline.failure import Failure
from kinline.operations.operation import operation_named, perform
from kinline.technician.enroll import called, known, placed, shaken
from kinline.technician.exits import Exit
from kinline.technician.identity import device_file as identity_of
from kinline.technician.trouble import Trouble
from kinline.technician.worksheet import named


def enroll(
    port: Port,
    device_file: DeviceFile,
    unit: Annotated[str | None, typer.Option("--unit", help="The living unit where it hangs.")] = None,
    label: Annotated[str, typer.Option("--label", help="What is written on it.")] = "",
    wall: Annotated[str | None, typer.Option("--wall", metavar="PORT", help="Its port at the daemon, else --port.")] = None,
    test_call: Annotated[bool, typer.Option("--test-call", help="The daemon runs: wait for a call to be over.")] = False,
    patience: Annotated[float, typer.Option("--patience", metavar="SECONDS", help="How long to wait for that call.")] = 180.0,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    acting: As = None,
    sheets: Sheets = DEFAULT_SHEETS,
    as_json: Json = False,
) -> None:
    with verb("enroll", as_json) as teller:
        identity = identity_of(device_file)
        paper = named(sheets, identity.device)
        try:
            with at_desk(config, acting) as desk:
                if test_call:
                    with teller.bar("lift the handset and call"):
                        since = datetime.fromisoformat(str(paper.fact("enroll", "at") or datetime.now(UTC).isoformat()))
                        call = called(desk.store, identity.device, since, patience)
                    facts = {"call": call.id, "outcome": call.outcome or call.deny_rule, "talk_seconds": call.talk_seconds}
                    paper.note("test call", facts)
                    told = f"{identity.device} made call {call.id}: {facts['outcome']}, {call.talk_seconds} s."
                    teller.done({"device": identity.device} | facts, lambda: told, "kinline tech label")
                    return
                if new := known(desk.store, identity) is None:
                    values: dict[str, str | None] = {"device": identity.device, "key": identity.key.hex()}
                    values |= {"unit": unit, "label": label, "facility": facility}
                    wanted = operation_named("handset.add")
                    names = {"device": "--device-file", "unit": "--unit", "label": "--label"}
                    perform(desk, wanted, request_of(wanted.request, values, names))
                added = placed(desk.settings, config, identity, wall or port)
        except Failure as error:
            raise Trouble("site", str(error), "see to that, then run this again", Exit.HOST) from error
        build = shaken(port, identity)
        paper.note("enroll", {"build": build, "fingerprint": identity.fingerprint})
        where = ", and has its place in the settings" if added else ""
        told = f"{identity.device} {'is enrolled' if new else 'was enrolled'}{where}; it proved its key, firmware {build}."
        data = {"device": identity.device, "enrolled_now": new, "settings_changed": added, "build": build}
        teller.done(data, lambda: told, "start the daemon, then: kinline tech enroll --test-call")
