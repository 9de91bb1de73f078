#!/bin/sh
# Runs the suites in a network namespace of their own, on a bridge to which further hosts of the lab are joined: API servers
# proxy to no loopback address, so nodes have others there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
exec unshare --net sh -c 'ip link set lo up && ip link add nodes type bridge && ip addr add 10.99.0.1/24 dev nodes &&
  ip link set nodes up && ip route add default via 10.99.0.254 &&
  exec node_modules/.bin/node --test --test-concurrency=1 '"${*:-tests/kubernetes/*.suite.ts}"
