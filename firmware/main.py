import slots

try:
    from handset.app import main
except Exception as error:
    slots.fail(error)
main()
