#!/bin/sh
# A stand-in for apptainer, which this machine lacks: it runs the command outside of any container, but only if the image
# is there, and with nothing of the path but PATH_IN_CONTAINER, as images have a path of their own.

if [ "$1" = --version ]; then
  echo "apptainer version 1.3.4"
  exit
fi
for argument; do
  case $argument in *.sif) image=$argument ;; esac
  command=$argument
done
if [ ! -f "$image" ]; then
  echo "could not open image $image" >&2
  exit 255
fi
echo "$command" >>"$STAND_IN"
PATH=$PATH_IN_CONTAINER exec bash -c "$command"
