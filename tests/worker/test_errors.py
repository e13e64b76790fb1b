"""The tree of errors."""

import inspect

from tollhouse import errors


def test_docstring_draws_the_tree() -> None:
    """The drawing in the module's docstring names every class, and only those."""
    classes = {
        name
        for name, value in inspect.getmembers(errors, inspect.isclass)
        if value.__module__ == errors.__name__
    }
    drawn = {
        line.split("─ ")[-1].split()[0]
        for line in (errors.__doc__ or "").splitlines()
        if line.startswith(("TollhouseError", "├", "└", "│", " "))
    }
    assert drawn == classes
