"""`tollhouse top`: the numbers of the page, in a terminal."""

from tollhouse.top.screen import render
from tollhouse.top.viewer import top

__all__ = ["render", "top"]
