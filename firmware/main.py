import micropython
import slots

micropython.kbd_intr(-1)  # Ctrl-C at the service connector is no way out of the application

try:
    from handset.app import main
except Exception as error:
    slots.fail(error)
main()
