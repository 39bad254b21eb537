"""How the next allowed moment is written: a weekday names one day only, and no other."""

from datetime import datetime, timedelta

import pytest

from kinline.rules.reasons import written_moment

NOW = datetime(2026, 3, 2, 12, 0)  # a Monday


@pytest.mark.parametrize(
    ("days", "hour", "en", "es"),
    [
        (0, 13, "today at 1:00 PM", "hoy a la 1:00 de la tarde"),
        (1, 0, "tomorrow at midnight", "mañana a medianoche"),
        (1, 1, "tomorrow at 1:00 AM", "mañana a la 1:00 de la madrugada"),
        (2, 12, "on Wednesday at noon", "el miércoles al mediodía"),
        (6, 19, "on Sunday at 7:00 PM", "el domingo a las 7:00 de la noche"),
        (7, 9, "on March 9 at 9:00 AM", "el 9 de marzo a las 9:00 de la mañana"),
    ],
)
def test_a_moment(days: int, hour: int, en: str, es: str) -> None:
    moment = NOW.replace(hour=hour) + timedelta(days=days)
    assert (written_moment(moment, NOW, "en"), written_moment(moment, NOW, "es")) == (en, es)
