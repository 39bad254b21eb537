import micropython
import slots

if hasattr(micropython, "kbd_intr"):  # a build without a prompt has none
    micropython.kbd_intr(-1)  # Ctrl-C at the service connector is no way out of the application

try:
    from handset.app import main
except Exception as error:
    slots.fail(error)
main()
