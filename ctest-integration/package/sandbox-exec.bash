# Completion for sandbox-exec, sandbox-gtest and sandbox-ctest: the options are those that --help lists.
_sandbox_exec() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} i
  COMPREPLY=()
  if [[ $1 = *sandbox-exec || $1 = *sandbox-gtest ]]; then
    for ((i = 1; i < COMP_CWORD; ++i)); do
      if [[ ${COMP_WORDS[i]} = -- ]]; then # the program's own words
        declare -F _command_offset > /dev/null && _command_offset $((i + 1))
        return
      fi
    done
  fi
  case $before in
    --network) mapfile -t COMPREPLY < <(compgen -W "loopback host off" -- "$word") ;;
    --isolation) mapfile -t COMPREPLY < <(compgen -W "full none" -- "$word") ;;
    --seccomp) mapfile -t COMPREPLY < <(compgen -W "standard off" -- "$word") ;;
    --env) mapfile -t COMPREPLY < <(compgen -W "inherit clean" -- "$word") ;;
    --isolate) mapfile -t COMPREPLY < <(compgen -W "binary test batch:" -- "$word") ;;
    --build-tree) mapfile -t COMPREPLY < <(compgen -W "rw ro" -- "$word") ;;
  esac
  [[ ${#COMPREPLY[@]} -gt 0 ]] && return
  if [[ $word = -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$("$1" --help 2> /dev/null | grep -o -e '--[a-z][a-z-]*' | sort -u)" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -A file -- "$word")
  fi
}
complete -o filenames -F _sandbox_exec sandbox-exec sandbox-gtest sandbox-ctest
