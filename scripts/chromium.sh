#!/bin/sh
# Chromium for the browser tests, from the distribution where we may install it; never fails the build.
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
privileged=
if [ "$(id -u)" != 0 ]; then
    privileged="sudo -n"
    sudo -n true >/dev/null 2>&1 || privileged=no
fi
if [ "$privileged" = no ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "No Chromium here and no right to install it: the browser tests will be skipped." >&2
    exit 0
fi
echo "Installing Chromium for the browser tests"
export DEBIAN_FRONTEND=noninteractive
if ! { $privileged apt-get update -qq && $privileged apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk; } >/dev/null 2>&1 </dev/null; then
    echo "apt-get could not install Chromium: the browser tests will be skipped." >&2
fi
exit 0
