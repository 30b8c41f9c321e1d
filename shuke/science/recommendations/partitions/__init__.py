"""The recommendations of a lake that no one machine holds: expressions that count, and NumPy over parts of members.

``coding`` and ``pairs`` are expressions for any engine; ``members`` and ``items`` turn an Arrow table of whole members
or whole items into Arrow, wherever it lies; ``joins`` runs one over the other.
The numbers are those that ``History`` gives on one machine.
"""
