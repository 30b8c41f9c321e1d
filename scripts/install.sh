#!/bin/sh
# install.sh ENVIRONMENT REQUIREMENTS: a virtual environment with exactly the pinned packages, and Shuke itself.
#
# uv does it in seconds.  It does not read pip's configuration, so what the machine told pip about its
# package index and certificates is handed on to it.  Where uv fails, pip does the same, slower.
set -eu
environment=$1
requirements=$2
python=$environment/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1 UV_NO_PROGRESS=1 VIRTUAL_ENV="$environment"

if [ ! -x "$python" ]; then
    interpreter=$("$(dirname "$0")/python.sh")
    echo "Making $environment with $("$interpreter" --version)"
    "$interpreter" -m venv "$environment"
fi

configured() { "$python" -m pip config get "global.$1" 2>/dev/null || true; }
index=${PIP_INDEX_URL:-$(configured index-url)}
certificates=${PIP_CERT:-$(configured cert)}
if [ -n "$index" ]; then export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"; fi
if [ -n "$certificates" ]; then export SSL_CERT_FILE="${SSL_CERT_FILE:-$certificates}"; fi

with_uv() {
    "$python" -m pip install --quiet --require-hashes --requirement requirements/uv.txt &&
        "$environment/bin/uv" pip install --python "$python" --quiet --compile-bytecode --require-hashes --requirement "$requirements" &&
        "$environment/bin/uv" pip install --python "$python" --quiet --no-deps --editable .
}
with_pip() {
    "$python" -m pip install --quiet --require-hashes --requirement "$requirements" &&
        "$python" -m pip install --quiet --no-deps --editable .
}
echo "Installing $requirements into $environment"
with_uv || { echo "uv could not; trying pip, which takes a minute or two." >&2; with_pip; }
