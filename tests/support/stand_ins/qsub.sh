#!/bin/sh
# A stand-in for qsub, bsub and the commands that go with them, which this machine lacks: it runs jobs at once, in the
# background, and answers in the words of the scheduler that SCHEDULER names. Its notes are in the folder STAND_IN.

last() { for last; do :; done; echo "$last"; }

job=$(last "$@")
code=$(cat "$STAND_IN/$job.code" 2>/dev/null) # of a job that has ended
case $(basename "$0") in
qsub | bsub)
  if [ -e "$STAND_IN/reject" ]; then
    echo "Request aborted by esub. Job not submitted." >&2
    exit 255
  fi
  script=$job
  job=$(($(cat "$STAND_IN/count" 2>/dev/null || echo 100) + 1))
  echo "$job" >"$STAND_IN/count"
  printf "%s\n" "$*" >"$STAND_IN/$job.submitted"
  (
    sh "$script"
    echo $? >"$STAND_IN/$job.new"
    mv "$STAND_IN/$job.new" "$STAND_IN/$job.code"
  ) >"$STAND_IN/$job.out" 2>&1 &
  if [ "$SCHEDULER" = lsf ]; then echo "Job <$job> is submitted to default queue <short24>."; else echo "$job"; fi
  ;;
qstat)
  if [ "$SCHEDULER" = sge ]; then
    [ -z "$code" ] && echo "job_number: $job"
  elif [ -z "$code" ]; then
    printf 'Job Id: %s.server\n    job_state = R\n' "$job"
  else
    printf 'Job Id: %s.server\n    job_state = F\n    Exit_status = %s\n' "$job" "$code"
  fi
  ;;
qacct)
  printf '=====\njobnumber    %s\nfailed       100\nexit_status  137\n' "$job" # it ran before, and was run again
  printf '=====\njobnumber    %s\nfailed       0\nexit_status  %s\n' "$job" "$code"
  ;;
bjobs) case $code in "") echo RUN ;; 0) echo DONE ;; *) echo EXIT ;; esac ;;
esac
