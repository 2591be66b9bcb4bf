#!/bin/sh
# Asks the shop a few questions and prints the answers in TAP, the Test Anything Protocol.
set -u

number=0
failed=0

# check NAME COMMAND...: passes when the command does; what it says otherwise is printed below.
check() {
	name=$1
	shift
	number=$((number + 1))
	if said=$("$@" 2>&1); then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		echo "$said" | sed 's/^/# /'
		failed=1
	fi
}

echo "TAP version 13"
echo "1..4"
check "the catalog is up" shop get "$CATALOG_URL/healthz"
check "checkout is up" shop get "$CHECKOUT_URL/healthz"
check "there is coffee" shop get "$CATALOG_URL/products/espresso"
check "coffee can be bought" shop get "$CHECKOUT_URL/quote?product=espresso&quantity=2"
exit "$failed"
