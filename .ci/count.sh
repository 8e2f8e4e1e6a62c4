# Steps and what they add up to. Each ends with the line "N passed, N failed, N skipped", which must agree with its exit code.
log=$(mktemp) errors=$(mktemp) rc=0 passed=0 failed=0 skipped=0
trap 'rm -f "$log" "$errors"' EXIT

fail() { # one more failure, said
    echo "$1"
    rc=1 failed=$((failed + 1))
}

step() { # seconds, command; what it says on stderr is shown when it fails
    local code line bad=0
    timeout -k 30 "$1" "${@:2}" 2>"$errors" | tee "$log"
    code=$?
    line=$(grep -v '^[[:space:]]*$' "$log" | tail -1)
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
        passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
        bad=${BASH_REMATCH[2]}
        [ "$code" = 0 ] && [ "$bad" = 0 ] && [ "${BASH_REMATCH[1]}" != 0 ] && return
    fi
    rc=1
    tail -40 "$errors"
    [ "$bad" != 0 ] || fail "${*:2} ended with $code, and its last line is: ${line:-none}"
}

finish() { # the last line is read by others
    echo "$skipped skipped"
    echo "$passed passed, $failed failed"
    exit "$rc"
}
