"""How a verb fails: what happened, and the one thing to do next."""

from kinline.technician.exits import Exit


class Trouble(Exception):
    """`code` names the kind of trouble for scripts (stable, lower case, hyphens); `next_step` is exactly one."""

    def __init__(self, code: str, what: str, next_step: str, exit: Exit) -> None:
        super().__init__(f"{what}. Next: {next_step}")
        self.code = code
        self.what = what
        self.next_step = next_step
        self.exit = exit
