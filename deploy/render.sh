#!/bin/sh
# Makes the plain manifests of the chart. Needs helm; a test says when they are not what it gives.
set -eu
cd "$(dirname "$0")"
for template in chart/templates/*.yaml; do
  name=$(basename "$template")
  helm template stillframe chart --kube-version 1.34.0 --namespace stillframe --values manifests/values.yaml \
    --show-only "templates/$name" > "manifests/$name.new"
  mv "manifests/$name.new" "manifests/$name"
done
