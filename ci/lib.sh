# shellcheck shell=bash
# What ci/try and ci/test share: packages and builds. Sourced; leaves the caller in the top folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# "a|b": the first of these that can be had here.
build_packages=(g++ cmake ninja-build pkg-config "libboost1.81-dev|libboost1.83-dev"
  nlohmann-json3-dev libpugixml-dev libseccomp-dev googletest python3)

die() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  [ -z "${2-}" ] || printf 'hint: %s\n' "$2" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo "$@"
  else
    die "cannot run $1: you are not root and there is no sudo"
  fi
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" = installed ]; }

can_be_installed() { [ -n "$(apt-cache madison "$1" 2> /dev/null)" ]; }

# first_that TEST a|b: the first name that passes; none: fails.
first_that() {
  local name
  for name in ${2//|/ }; do
    if "$1" "$name"; then echo "$name"; return; fi
  done
  return 1
}

# Installs what is missing of the packages; touches nothing when none is.
install_packages() {
  local wanted missing=() names=()
  command -v apt-get > /dev/null ||
    die "cannot install packages: no apt-get (this needs Debian 12, Ubuntu 24.04 or later)"
  for wanted in "$@"; do
    first_that is_installed "$wanted" > /dev/null || missing+=("$wanted")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  as_root apt-get update -q
  for wanted in "${missing[@]}"; do
    names+=("$(first_that can_be_installed "$wanted")") || die "no package $wanted for this system"
  done
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
    "${names[@]}"
}

# unpack_from SUITE PACKAGE FOLDER: a package of another Debian release, unpacked beside the system's own.
unpack_from() {
  local apt=build/apt-$1 options
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$3"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $1 main" > "$apt/sources"
  options=(-q -o "Dir::Etc::sourcelist=$PWD/$apt/sources" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$PWD/$apt/lists" -o "Dir::Cache=$PWD/$apt")
  as_root apt-get "${options[@]}" update &&
    (cd "$apt" && as_root apt-get "${options[@]}" download "$2") &&
    dpkg-deb --extract "$apt/$2"_*.deb "$3"
}

# build PRESET [CMAKE-OPTION...] [-- TARGET...]
build() {
  local preset=$1 options=()
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
  shift || true
  cmake --preset "$preset" "${options[@]}" && cmake --build --preset "$preset" ${1:+--target "$@"}
}

sandbox_exec=build/release/sandbox/cli/sandbox-exec

build_release() { build release -DSANDBOX_TESTS=OFF -DSANDBOX_INSTALL=OFF -- sandbox-exec sandbox-gtest sandbox-ctest; }

# GoogleTest with its own tests, from the sources that the package googletest brings.
build_googletest() {
  cmake -S /usr/src/googletest -B build/googletest -G Ninja -DCMAKE_BUILD_TYPE=None \
    -Dgtest_build_tests=ON -Dgmock_build_tests=ON -DPython_EXECUTABLE=/usr/bin/python3 &&
    cmake --build build/googletest &&
    ctest --test-dir build/googletest --show-only=json-v1 > build/googletest/tests.json
}

# compare_googletest OUT [PREFIX...]: one line a program, the same inside as outside or not.
compare_options=()
compare_googletest() {
  local out=$1
  shift
  "$@" /usr/bin/python3 tests/e2e/googletest/compare.py --sandbox-exec "$sandbox_exec" "${compare_options[@]}" \
    --tests build/googletest/tests.json --known docs/known-differences.md --out "$out"
}
