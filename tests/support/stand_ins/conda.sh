#!/bin/sh
# A stand-in for conda, which can't reach its channels from this machine: it tells Snakemake about itself, and keeps the
# files of the environments that it is told to create.

case $1 in
info) echo '{"conda_prefix": "/opt/conda", "platform": "linux-64"}' ;;
--version) echo "conda 24.11.0" ;;
config) echo '{"get": {"channel_priority": "strict"}}' ;;
env)
  while [ "$1" != --file ]; do shift; done
  cp "$2" "$STAND_IN/"
  ;;
esac
