#!/bin/sh
# Runs the unit tests with other Pythons than the one that .venv was made with, each in an environment below .cache/.
# Where there is no such Python, types alone are checked for it. Usage: .ci/pythons.sh 3.10 3.13
set -eu
cd "$(dirname "$0")/.."

# find_python VERSION: prints the path of an interpreter of that version, from the PATH or from pyenv.
find_python() {
    for python in "python$1" "$(pyenv prefix "$(pyenv latest "$1" 2>/dev/null)" 2>/dev/null)/bin/python"; do
        "$python" -c 'import sys; print(sys.executable)' 2>/dev/null && return
    done
    return 1
}

# make_environment FOLDER PYTHON
make_environment() {
    test "$1/.ready" -nt pyproject.toml && return
    rm -rf "$1"
    "$2" -m venv "$1"
    # CUDA's libraries take 4 GB and serve every Python: pip finds those of .venv and installs no others.
    (
        cd "$1"/lib/python3.*/site-packages
        find "$CUDA_LIBRARIES" -maxdepth 1 -name 'nvidia*' -exec ln -s '{}' . ';'
    )
    "$1/bin/pip" install --quiet --editable '.[dev]'
    touch "$1/.ready"
}

CUDA_LIBRARIES=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
for version in "$@"; do
    if python=$(find_python "$version"); then
        environment=.cache/python-$version
        make_environment "$environment" "$python"
        echo "Unit tests with $("$environment/bin/python" -VV)"
        OMP_NUM_THREADS=1 "$environment/bin/python" -m pytest -q -m "not slow" -n logical --maxprocesses 8 --dist loadfile
    else
        echo "There is no Python $version here: only types are checked for it."
        .venv/bin/mypy --python-version "$version"
    fi
done
