"""Which records are of one person: probabilities learned from the records themselves, without any labels.

Give ``find_matches`` records with ``record`` and the fields of ``FIELDS``; it answers with pairs and
how sure each is.  The algorithm, its assumptions and where it fails: docs/algorithms/identity.md.
"""

from shuke.science.matching.finding import Matches, find_matches
from shuke.science.matching.judging import Quality, judged
from shuke.science.matching.preparing import FIELDS, prepared

__all__ = ["FIELDS", "Matches", "Quality", "find_matches", "judged", "prepared"]
