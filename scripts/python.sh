#!/bin/sh
# Prints the path of a Python of at least 3.11 that can make virtual environments, or says what is missing.
# SHUKE_PYTHON overrides the search.
for candidate in "${SHUKE_PYTHON:-}" python3.13 python3.12 python3.11 python3 python; do
    [ -n "$candidate" ] || continue
    # Asking the interpreter for its own path sees through the shims of version managers.
    found=$("$candidate" -c '
import sys
assert (3, 11) <= sys.version_info[:2] < (3, 14)
import ensurepip, sqlite3, ssl, venv
print(sys.executable)' 2>/dev/null) || continue
    echo "$found"
    exit 0
done
echo "Shuke needs Python 3.11, 3.12 or 3.13 with venv (on Debian and Ubuntu: apt-get install python3 python3-venv)." >&2
echo "If it lies somewhere else, say where: make SHUKE_PYTHON=/path/to/python3.12 ..." >&2
exit 1
