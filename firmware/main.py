from handset.app import main

main()
