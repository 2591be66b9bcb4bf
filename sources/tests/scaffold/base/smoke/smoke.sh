#!/bin/sh
# Prints a report in TAP, the Test Anything Protocol: one line for each test.
set -u

number=0
failed=0

# check NAME COMMAND...: passes when the command does.
check() {
	name=$1
	shift
	number=$((number + 1))
	if "$@" >/dev/null 2>&1; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		failed=1
	fi
}

echo "TAP version 13"
check "the shop answers" curl --fail --silent --max-time 5 "$BASE_URL/"
check "the shop is healthy" curl --fail --silent --max-time 5 "$BASE_URL/healthz"
echo "1..$number"
exit "$failed"
