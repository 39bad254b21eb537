"""Who may do what, written down apart from the code: a change of rights is a change here too.

"-" is for the host's own command line only.
"""

RIGHTS = {
    "audit.head": "auditor",
    "audit.list": "auditor",
    "audit.verify": "auditor",
    "calls.list": "supervisor investigator auditor",
    "calls.show": "supervisor investigator auditor",
    "contact.add": "counselor supervisor",
    "contact.list": "counselor supervisor legal investigator auditor",
    "facility.add": "supervisor",
    "facility.add-unit": "supervisor",
    "facility.list": "counselor supervisor legal investigator technician auditor",
    "handset.add": "supervisor technician",
    "handset.list": "counselor supervisor investigator technician auditor",
    "inmate.add": "counselor supervisor",
    "inmate.list": "counselor supervisor legal investigator auditor",
    "inmate.set-pin": "counselor supervisor",
    "inmate.status": "supervisor",
    "number.block": "supervisor investigator",
    "number.unblock": "supervisor",
    "staff.add": "-",
    "staff.change": "-",
    "staff.list": "auditor",
    "staff.renew": "-",
    "staff.revoke": "-",
    "staff.whoami": "counselor supervisor legal investigator technician auditor",
}
