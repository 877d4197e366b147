# shellcheck shell=bash
# The steps of a long run: each one's output goes to a file, a failure shows its end at once, and
# what passed and failed is summed up last. Sourced by ci/test.
logs=$PWD/build/ci

step() {  # NAME COMMAND...
  local name=$1 started=$SECONDS status
  shift
  "$@" > "$logs/$name.log" 2>&1 < /dev/null
  status=$?
  count_tests "$name" $status > "$logs/$name.counts"
  [ $status = 0 ] || tail -n 60 "$logs/$name.log" | sed "s/^/$name| /"
  printf '%-16s %4d s  %s\n' "$name" $((SECONDS - started)) "$(cat "$logs/$name.counts")"
  return $status
}

# What a step's log says of its tests; a step that failed without one counts as one failure.
count_tests() {  # NAME STATUS
  awk -v status="$2" '
    /^[0-9]+% tests passed, [0-9]+ tests failed out of/ { failed += $4; passed += $NF - $4 }
    /^[0-9]+ passed, [0-9]+ failed/ { passed += $1; failed += $3 }
    /^Ran [0-9]+ tests? in / { ran = $2 }
    /^OK/ { passed += ran; ran = 0 }
    END { print passed + 0, "passed,", status && !failed ? 1 : failed + 0, "failed" }' "$logs/$1.log"
}

cannot() {  # NAME REASON: a step that could not be taken has failed
  echo "0 passed, 1 failed" > "$logs/$1.counts"
  echo "$1: could not run: $2"
}

# The closing line; ends with 1 when anything failed.
sum_up() {
  cat "$logs"/*.counts | awk '{ passed += $1; failed += $3 }
    END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 }'
}
