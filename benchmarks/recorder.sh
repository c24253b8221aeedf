#!/bin/bash
# A capture command that notes when it runs: recorder.sh LOG NAME FILE
trap 'echo "$2 end $EPOCHREALTIME" >> "$1"; kill "$!"; exit 0' INT
echo "$2 start $EPOCHREALTIME" >> "$1"
while :; do
    echo "$EPOCHREALTIME" >> "$3"
    sleep 0.5 &
    wait "$!"
done
