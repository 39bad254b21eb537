"""Why a call was refused, in the inmate's language."""

from collections.abc import Mapping
from datetime import datetime

LANGUAGES = ("en", "es")

REASONS: Mapping[str, Mapping[str, str]] = {
    "pin": {
        "en": "This telephone needs an active personal identification number.",
        "es": "Este teléfono requiere un número de identificación personal activo.",
    },
    "invalid_number": {
        "en": "This is not a complete telephone number. Please check the number and dial again.",
        "es": "Este no es un número de teléfono completo. Verifique el número y marque de nuevo.",
    },
    "toll_free": {
        "en": "Toll-free numbers cannot be called from this telephone.",
        "es": "No se pueden marcar números gratuitos desde este teléfono.",
    },
    "premium": {
        "en": "Pay-per-call numbers cannot be called from this telephone.",
        "es": "No se pueden marcar números de tarifa especial desde este teléfono.",
    },
    "international": {
        "en": "International numbers cannot be called from this telephone.",
        "es": "No se pueden marcar números internacionales desde este teléfono.",
    },
    "blocked_by_facility": {
        "en": "This facility has blocked calls to this number.",
        "es": "Este centro ha bloqueado las llamadas a este número.",
    },
    "suspension": {
        "en": "Telephone service is suspended here for now.",
        "es": "El servicio telefónico está suspendido aquí por ahora.",
    },
    "restriction": {
        "en": "Your telephone use is restricted.",
        "es": "Su uso del teléfono está restringido.",
    },
    "not_on_list": {
        "en": "This number is not on your list of allowed numbers. Ask your counselor to add it.",
        "es": "Este número no está en su lista de números permitidos. Pida a su consejero que lo agregue.",
    },
    "not_approved": {
        "en": "This number is on your list, but it is not approved.",
        "es": "Este número está en su lista, pero no está aprobado.",
    },
    "blocked_by_called_party": {
        "en": "The person at this number has blocked calls from this facility.",
        "es": "La persona en este número ha bloqueado las llamadas de este centro.",
    },
    "busy_elsewhere": {
        "en": "You already have a call on another telephone.",
        "es": "Usted ya tiene una llamada en otro teléfono.",
    },
    "hours": {
        "en": "Calls are not allowed at this hour.",
        "es": "No se permiten llamadas a esta hora.",
    },
    "gap": {
        "en": "It is too soon after your last call.",
        "es": "Es demasiado pronto después de su última llamada.",
    },
    "minutes": {
        "en": "You have used all your minutes for this period.",
        "es": "Ya usó todos sus minutos de este período.",
    },
    "calls": {
        "en": "You have used all your calls for this period.",
        "es": "Ya usó todas sus llamadas de este período.",
    },
    "billing": {
        "en": "This way of paying is not available for this number.",
        "es": "Esta forma de pago no está disponible para este número.",
    },
    "balance": {
        "en": "There is not enough money in the account for this call.",
        "es": "No hay suficiente dinero en la cuenta para esta llamada.",
    },
}

_WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}
MONTHS = {
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    "es": (
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ),
}

TWELVE = {"en": ("at midnight", "at noon"), "es": ("a medianoche", "al mediodía")}
# Until which hour a part of the day goes.
_ES_PARTS = ((6, "de la madrugada"), (12, "de la mañana"), (19, "de la tarde"), (24, "de la noche"))


def reason_text(rule: str, next_allowed_at: datetime | None, now: datetime) -> dict[str, str]:
    """The sentence for each language, with the next allowed time where there is one (both in the same zone)."""
    reason = REASONS[rule]
    if next_allowed_at is None:
        return dict(reason)
    return {
        "en": f"{reason['en']} You may call again {written_moment(next_allowed_at, now, 'en')}.",
        "es": f"{reason['es']} Podrá llamar de nuevo {written_moment(next_allowed_at, now, 'es')}.",
    }


def written_moment(moment: datetime, now: datetime, language: str) -> str:
    """A moment as people say it: "today at 6:00 AM", "el martes a las 8:30 de la noche"."""
    return f"{day_phrase(moment, now, language)} {clock_phrase(moment, language)}"


def day_phrase(moment: datetime, now: datetime, language: str) -> str:
    ahead = (moment.date() - now.date()).days
    weekday, month = _WEEKDAYS[language][moment.weekday()], MONTHS[language][moment.month - 1]
    if language == "es":
        near = {0: "hoy", 1: "mañana"}.get(ahead)
        return near or (f"el {weekday}" if ahead < 7 else f"el {moment.day} de {month}")
    near = {0: "today", 1: "tomorrow"}.get(ahead)
    return near or (f"on {weekday}" if ahead < 7 else f"on {month} {moment.day}")


def clock_phrase(moment: datetime, language: str) -> str:
    hour = moment.hour % 12 or 12
    if moment.minute == 0 and hour == 12:
        return TWELVE[language][moment.hour // 12]
    if language == "es":
        return f"a la{'' if hour == 1 else 's'} {hour}:{moment.minute:02d} {part_of_day(moment)}"
    return f"at {hour}:{moment.minute:02d} {'AM' if moment.hour < 12 else 'PM'}"


def part_of_day(moment: datetime) -> str:
    """As Spanish names it behind an hour."""
    return next(name for until, name in _ES_PARTS if moment.hour < until)
