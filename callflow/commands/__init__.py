"""What each command does with its options: ``cli`` reads them, and says what went wrong.

One module for each group of commands; every ``run_…`` takes the options and the language, and gives the exit code.
"""
