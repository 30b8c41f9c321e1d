"""Public data: regions of the world, and calendars with holidays, make-up workdays and festivals.

Pure functions without network: what they know lies in installed packages and in ``data/``, and every
row says from which edition it comes.
"""
