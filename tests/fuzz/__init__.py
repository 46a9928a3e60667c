"""Everything that reads what others wrote, fed with anything.

A target is a function of bytes that raises when a law does not hold: nothing is raised but what is documented, an
error's text is short and names the thing, and what was read reads the same when it is written and read again. `targets`
is the list; the tests feed it with hypothesis, `make fuzz` with atheris, and what ever broke one lies in `kept/` and is
tried again by every test run.
"""
