#!/bin/sh
# Runs the suite in a network namespace of its own: API servers proxy to no loopback address, so the node has another one there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
exec unshare --net sh -c 'ip link set lo up && ip link add n0 type veth peer name n1 && ip addr add 10.99.0.1/24 dev n0 &&
  ip link set n0 up && ip link set n1 up && ip route add default via 10.99.0.2 && exec node_modules/.bin/node --test tests/kubernetes/suite.ts'
