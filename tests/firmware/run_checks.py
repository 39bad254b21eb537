"""Run by a MicroPython VM in the repository's root: executes the checks of the named modules, a line for each."""

import sys

sys.path.insert(0, "firmware")
sys.path.insert(0, "tests/firmware/on_both")


def run(names):
    for name in names:
        module = __import__(name)
        for attribute in sorted(dir(module)):
            if attribute.startswith("check_"):
                try:
                    getattr(module, attribute)()
                    print("ok", name, attribute)
                except Exception as error:
                    print("failed", name, attribute)
                    sys.print_exception(error)


run(sys.argv[1:])
