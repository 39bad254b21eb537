"""Set up what `make demo` or `make test` needs. Usage: python3 setup/run.py demo|test

Does nothing, in well under a second, when all is in place. Needs no more than Python's own library.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the point is to say so on an older one
    sys.exit(f"Kinline needs Python 3.11 or later, python3 is {sys.version.split()[0]}. Try make PYTHON=…")

import asterisk
import kicad
import micropython
import python_env
import speech
import speexdsp
import system_packages
import upstream_tests
from steps import StepError, only_one_setup, run_all

DEMO = [python_env.ENVIRONMENT, speexdsp.SPEEXDSP, python_env.KINLINE, micropython.DEBIAN, speech.SPEECH]
TEST = [*DEMO, python_env.TYPINGS, kicad.KICAD, micropython.WEBASSEMBLY, asterisk.ASTERISK, upstream_tests.UPSTREAM_TESTS]
# Stages of packages that are needed, those that are extras, and steps.
STAGES = {
    "demo": ({"demo"}, frozenset(), DEMO),
    "test": ({"demo", "test"}, frozenset({"extra", "wasm"}), TEST),
}


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in STAGES:
        print(__doc__, file=sys.stderr)
        return 2
    needs, extras, steps = STAGES[sys.argv[1]]
    try:
        with only_one_setup():
            if not micropython.runs_32_bit():
                needs = needs | {"wasm"}
                steps = [micropython.IN_ITS_PLACE if step is micropython.DEBIAN else step for step in steps]
            notes = system_packages.ensure(needs, extras) + run_all(steps)
    except StepError as error:
        print(f"\nSet-up stopped. {error}\n\nRun the same command again once that is mended.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nSet-up interrupted; the same command goes on from here.", file=sys.stderr)
        return 130
    for note in notes:
        print(f"setup: left out: {note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
