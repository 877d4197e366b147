# shellcheck shell=bash
# The worlds that sandbox-exec is for, and how the tests of the dev build run in each. A world:
#   v1-root v1-user v2-root v2-user  the version of cgroups, and who calls (v2-user has a delegated group)
#   sudo                             root on behalf of an ordinary user
# What this machine is not runs in a guest (ci/lab).
# Sourced by ci/test, after steps.sh.

user=$(id -u)
[ "$user" != 0 ] || user=1000

as_user() {
  local become=()
  [ "$(id -u)" != 0 ] || become=(setpriv --reuid="$user" --regid="$user" --clear-groups)
  "${become[@]}" env HOME="$(getent passwd "$user" | cut -d: -f6)" "$@"
}

# The line that lets the user call sudo exists in a mount namespace only.
as_sudo() {
  if [ "$(id -u)" != 0 ]; then sudo -n "$@"; return; fi
  echo "#$user ALL=(ALL) NOPASSWD: ALL" > "$logs/sudoers"
  chmod 440 "$logs/sudoers"
  # shellcheck disable=SC2016  # for the inner shell
  unshare --mount bash -c 'mount --bind "$1" /etc/sudoers && shift && exec "$@"' - "$logs/sudoers" \
    setpriv --reuid="$user" --regid="$user" --clear-groups sudo -n "$@"
}

can_be_root() { [ "$(id -u)" = 0 ] || sudo -n true 2> /dev/null; }

# Sets `tests` to a command that runs the dev build's tests of these labels in a world. CTest writes
# where it runs, so each has a folder of its own.
find_tests() {  # WORLD LABELS
  local folder=$logs/$1-${2//|/-}
  mkdir -p "$folder"
  echo "subdirs(\"$PWD/build/dev\")" > "$folder/CTestTestfile.cmake"
  [[ $1 != *-user ]] || [ "$(id -u)" != 0 ] || chown "$user" "$folder"
  tests=(env PATH="$PATH" LANG="$LANG" SANDBOX_TEST_WORLD="$1" SANDBOX_TEST_UID="$user"
    ctest --output-on-failure --no-tests=error --test-dir "$folder" -L "$2")
}

test_here() {  # WORLD
  local failed=0
  case $1 in
    sudo) find_tests sudo e2e; as_sudo "${tests[@]}" ;;
    *-root) find_tests "$1" 'kernel|e2e'; as_root "${tests[@]}" ;;
    v1-user)  # the e2e tests take root, to prepare what an ordinary user is given, and become the user
      find_tests "$1" kernel; as_user "${tests[@]}" || failed=1
      find_tests "$1" e2e; as_root "${tests[@]}" || failed=1
      return "$failed" ;;
  esac
}

test_in_guest() {  # WORLD
  local labels='kernel|world'
  [[ $1 != *-root ]] || labels+='|version'
  find_tests "$1" "$labels"
  ci/lab/run "$1" -w "$logs" -t 900 -- "${tests[@]}"
}

test_world() {  # WORLD
  local here=(sudo v1-root v1-user)
  [ ! -e /sys/fs/cgroup/cgroup.controllers ] || here=(sudo v2-root)
  if [[ " ${here[*]} " = *" $1 "* ]]; then
    if can_be_root; then step "$1" test_here "$1"; else cannot "$1" "it needs root or sudo"; fi
  elif command -v linux.uml > /dev/null; then
    step "$1" test_in_guest "$1"
  else
    cannot "$1" "it needs user-mode-linux, which this system has no package of"
  fi
}
