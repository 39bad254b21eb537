"""How rules are called, and where they come from, in words for people."""

from collections.abc import Mapping

Words = Mapping[str, Mapping[str, str]]

RULE_NAMES: Words = {
    "pin": {"en": "PIN", "es": "PIN"},
    "invalid_number": {"en": "valid number", "es": "número válido"},
    "toll_free": {"en": "toll-free numbers", "es": "números gratuitos"},
    "premium": {"en": "pay-per-call numbers", "es": "números de tarifa especial"},
    "international": {"en": "international numbers", "es": "números internacionales"},
    "blocked_by_facility": {"en": "blocks by the facility", "es": "bloqueos del centro"},
    "suspension": {"en": "suspension", "es": "suspensión"},
    "restriction": {"en": "restriction", "es": "restricción"},
    "not_on_list": {"en": "list of numbers", "es": "lista de números"},
    "not_approved": {"en": "approval", "es": "aprobación"},
    "blocked_by_called_party": {"en": "block by the called party", "es": "bloqueo de la persona llamada"},
    "busy_elsewhere": {"en": "one call at a time", "es": "una llamada a la vez"},
    "hours": {"en": "hours", "es": "horario"},
    "gap": {"en": "wait between calls", "es": "espera entre llamadas"},
    "minutes": {"en": "minutes", "es": "minutos"},
    "calls": {"en": "number of calls", "es": "cantidad de llamadas"},
    "billing": {"en": "way of paying", "es": "forma de pago"},
    "balance": {"en": "balance", "es": "saldo"},
    "call_length": {"en": "length of a call", "es": "duración de la llamada"},
    "floor": {"en": "guaranteed by law", "es": "garantizado por ley"},
}

# Sources that are no line of a profile; a profile's own text is quoted as it stands.
SOURCES: Words = {
    "facility": {"en": "the facility", "es": "el centro"},
    "unit": {"en": "the living unit", "es": "la unidad"},
    "phone": {"en": "this telephone", "es": "este teléfono"},
    "inmate": {"en": "this inmate", "es": "esta persona interna"},
    "contact": {"en": "this number's line of the list", "es": "la línea de este número en la lista"},
    "called party": {"en": "the called party", "es": "la persona llamada"},
    "account": {"en": "the account", "es": "la cuenta"},
    "numbering plan": {"en": "the numbering plan", "es": "el plan de numeración"},
    "one call at a time": {"en": "one inmate has one call at a time", "es": "cada persona tiene una llamada a la vez"},
}

VERDICTS: Words = {
    "allows": {"en": "no objection", "es": "sin objeción"},
    "limits": {"en": "at most {length}", "es": "como máximo {length}"},
    "refuses": {"en": "refused", "es": "rechazada"},
    "refuses_until": {"en": "refused; possible again {moment}", "es": "rechazada; posible de nuevo {moment}"},
    "beaten": {"en": "beaten by {floor}", "es": "cede ante {floor}"},
    "stands": {"en": "stands", "es": "vigente"},
    "stands_for": {"en": "stands for {length}", "es": "vigente por {length}"},
    "rests": {"en": "does not stand now", "es": "no vigente ahora"},
}

OUTCOMES: Words = {
    "allowed": {
        "en": "Allowed for {length}, limited by: {rule} ({source}).",
        "es": "Permitida por {length}, limitada por: {rule} ({source}).",
    },
    "denied": {"en": "Denied by: {rule} ({source}). {text}", "es": "Rechazada por: {rule} ({source}). {text}"},
}


def source_text(source: str, language: str) -> str:
    """Where a rule comes from; several sources are told apart by semicolons."""
    return "; ".join(SOURCES[part][language] if part in SOURCES else part for part in source.split("; "))


def length_text(seconds: int) -> str:
    """A length of talk, alike in both languages: "15 min", "1 h 5 s"."""
    hours, rest = divmod(seconds, 3600)
    parts = [(hours, "h"), (rest // 60, "min"), (rest % 60, "s")]
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount) or "0 s"
