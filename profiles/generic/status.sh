#!/bin/sh
# Tells Snakemake the state of a job: status.sh sge|pbs|lsf JOB. When in doubt it says "running": asked again later, a
# scheduler that did not answer does, while "failed" would throw away what the job is still writing.

case $1 in
sge) # qstat knows jobs that wait or run, qacct those that have ended
  if state=$(qstat -j "$2" 2>/dev/null); then
    case $state in *"error reason"*) echo failed ;; *) echo running ;; esac
  elif ended=$(qacct -j "$2" 2>/dev/null); then
    echo "$ended" | awk '$1 == "failed" || $1 == "exit_status" { bad += $2 != 0 } END { print bad ? "failed" : "success" }'
  else
    echo running
  fi
  ;;
pbs)
  qstat -x -f "$2" 2>/dev/null | awk -F ' = ' '
    $1 ~ /job_state$/ { ended = $2 == "F" || $2 == "C" }
    $1 ~ /Exit_status$/ { good = $2 == 0 }
    END { print ended ? (good ? "success" : "failed") : "running" }'
  ;;
lsf)
  case $(bjobs -noheader -o stat "$2" 2>/dev/null) in
  DONE) echo success ;;
  EXIT) echo failed ;;
  *) echo running ;;
  esac
  ;;
esac
