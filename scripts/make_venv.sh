#!/bin/sh
# Make a virtual environment with the first Python on the PATH that is new enough.
#
#     scripts/make_venv.sh .venv
#
# PYTHON names another interpreter. When something is missing, the last line says what to install.
set -eu

folder=$1

if [ "$(uname)" = Darwin ]; then
    get_python='brew install python'
    get_venv='brew reinstall python'
else
    get_python='sudo apt-get install python3 python3-venv   (Fedora: sudo dnf install python3)'
    get_venv='sudo apt-get install python3-venv   (Fedora: sudo dnf install python3-pip)'
fi

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if is_new_enough "$name"; then
            echo "$name"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ]; then
    echo 'mailgrant needs Python 3.11 or newer, and none was found. Install it:' >&2
    echo "    $get_python" >&2
    exit 1
fi
# Debian ships Python without these two; asking first leaves no half-made folder behind.
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    echo "$python cannot make virtual environments. Install what is missing:" >&2
    echo "    $get_venv" >&2
    exit 1
fi

echo "making $folder with $("$python" --version)"
"$python" -m venv "$folder"
