#!/bin/sh
# Builds the Kubernetes programs of the lab at the version that binaries/go.mod pins, once: STILLFRAME_KUBERNETES_BUILD or /tmp/kube-build.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${STILLFRAME_KUBERNETES_BUILD:-/tmp/kube-build}
version=$(sed -n 's/^require k8s.io\/kubernetes v//p; s/^\tk8s.io\/kubernetes v//p' "$here/binaries/go.mod" | head -n 1)
mkdir -p "$cache"
# What asks for a version by the binary's own would else be told v0.0.0, which no component takes for its peer.
stamp=k8s.io/component-base/version
minor=${version#1.}
minor=${minor%%.*}
cd "$here/binaries"
GOCACHE="$cache/go" nice -n 19 go build -p "${STILLFRAME_KUBERNETES_JOBS:-1}" -trimpath \
  -ldflags "-s -w -X $stamp.gitVersion=v$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=$minor -X $stamp.gitTreeState=clean" \
  -o "$cache/kubernetes.new" .
mv "$cache/kubernetes.new" "$cache/kubernetes"
echo "$cache/kubernetes"
