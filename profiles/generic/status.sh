#!/bin/sh
# Tell Snakemake the state of a job: status.sh sge|pbs|lsf JOB. When in doubt, say "running". Snakemake asks again later,
# and the scheduler may answer then. After "failed", Snakemake would delete the files that the job is still writing.

case $1 in
sge) # qstat has jobs that wait or run, qacct those that have ended; its last record is the latest
  if state=$(qstat -j "$2" 2>/dev/null); then
    case $state in *"error reason"*) echo failed ;; *) echo running ;; esac
  else
    qacct -j "$2" 2>/dev/null | awk '
      /^=====/ { bad = 0 }
      $1 == "failed" || $1 == "exit_status" { bad += $2 != 0 }
      $1 == "exit_status" { ended = 1 }
      END { print ended ? (bad ? "failed" : "success") : "running" }'
  fi
  ;;
pbs)
  qstat -x -f "$2" 2>/dev/null | awk -F ' = ' '
    $1 ~ /job_state$/ { ended = $2 == "F" }
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
*)
  echo "status.sh: found $1, expected sge, pbs or lsf; see profiles/generic/config.yaml" >&2
  exit 2
  ;;
esac
