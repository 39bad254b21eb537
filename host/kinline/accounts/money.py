"""Price of talk. Amounts are integer micro-dollars, rates are micro-dollars a minute, time is whole seconds."""

MICROS_A_DOLLAR = 1_000_000


def charge_micros(rate_micros_per_minute: int, talk_seconds: int) -> int:
    """Price of `talk_seconds`, per second, rounded down to a micro-dollar."""
    if rate_micros_per_minute < 0 or talk_seconds < 0:
        raise ValueError("a rate and a talk time are never negative")
    return rate_micros_per_minute * talk_seconds // 60


def affordable_seconds(balance_micros: int, rate_micros_per_minute: int) -> int:
    """Most whole seconds whose price the balance covers. The rate must be above zero: free time has no bound."""
    if rate_micros_per_minute <= 0:
        raise ValueError("only a price above zero bounds the time that a balance buys")
    if balance_micros < 0:
        return 0
    # The price rounds down, so n seconds cost at most the balance exactly when n * rate < (balance + 1) * 60.
    return ((balance_micros + 1) * 60 - 1) // rate_micros_per_minute
