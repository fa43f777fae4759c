# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# A Slurm of one machine for one test, after e2e.sh: its three nodes n1, n2 and n3 are all here. All of it lies in $WORK/slurm,
# listens to this machine only, on ports that were free, and ends with the test; nothing of an installed Slurm is used or
# touched. DOCS: the scripts of docs/performance.md, as they stand there.
DOCS=$WORK/fixture/docs
SLURM=$WORK/slurm
daemons=()

# Run by hand until it works; 20 s at most.
wait_until() {
  local tenth
  for ((tenth = 0; tenth < 200; ++tenth)); do
    ! "$@" > "$SLURM/said" 2>&1 || return 0
    sleep 0.1
  done
  return 1
}
daemon() {
  local name=$1
  shift
  "$@" > "$SLURM/$name.out" 2>&1 &
  daemons+=("$!")
}
end_slurm() {
  local number
  # The nodes first, the authentication last.
  for ((number = ${#daemons[@]} - 1; number >= 0; --number)); do
    kill "${daemons[number]}" 2> /dev/null || true
    wait "${daemons[number]}" 2> /dev/null || true
  done
}
no_slurm() {
  local log
  for log in "$SLURM"/*.out "$SLURM"/*.log; do [[ ! -s $log ]] || { echo "$log:"; tail -n 5 "$log"; } >&2; done
  fail "$*"
}
all_nodes_are_idle() { [[ $(sinfo --noheader --format %t) == idle && $(sinfo --noheader --format %D) == 3 ]]; }

# If $SLURM/prolog is there by now, it is the prolog.
start_slurm() {
  local name node host ports
  for name in munged munge slurmctld slurmd srun sbatch; do
    type -P "$name" > /dev/null || skip "no $name (Debian's slurm-wlm and munge)"
  done
  mkdir -p "$SLURM"/{munge,run,state,spool-n1,spool-n2,spool-n3}
  chmod 700 "$SLURM/munge"
  (umask 077; head -c 1024 /dev/urandom > "$SLURM/munge/key")
  trap end_slurm EXIT
  daemon munged munged --foreground --force --key-file="$SLURM/munge/key" --socket="$SLURM/run/munge.socket" \
    --pid-file="$SLURM/munge/pid" --log-file="$SLURM/munge/log" --seed-file="$SLURM/munge/seed"
  wait_until munge --no-input --socket="$SLURM/run/munge.socket" || no_slurm "munged does not work here: $(cat "$SLURM/said")"

  host=$(hostname -s)
  read -ra ports < <(/usr/bin/python3 -c 'import socket
taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
print(*[one.getsockname()[1] for one in taken])')
  cat > "$SLURM/slurm.conf" << END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports[3]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$SLURM/run/munge.socket
SlurmctldPidFile=$SLURM/run/slurmctld.pid
SlurmctldLogFile=$SLURM/slurmctld.log
SlurmdPidFile=$SLURM/run/slurmd-%n.pid
SlurmdLogFile=$SLURM/slurmd-%n.log
SlurmdSpoolDir=$SLURM/spool-%n
StateSaveLocation=$SLURM/state
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/linear
SchedulerType=sched/builtin
MpiDefault=none
ReturnToService=2
SlurmdTimeout=0
KillWait=1
PrologFlags=Alloc
$([[ ! -x $SLURM/prolog ]] || echo "Prolog=$SLURM/prolog")
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[0]}
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[1]}
NodeName=n3 NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[2]}
PartitionName=all Nodes=ALL Default=YES State=UP OverSubscribe=FORCE:4
END
  export SLURM_CONF=$SLURM/slurm.conf
  daemon slurmctld slurmctld -D -f "$SLURM_CONF"
  for node in n1 n2 n3; do daemon "slurmd-$node" slurmd -D -N "$node" -f "$SLURM_CONF"; done
  wait_until all_nodes_are_idle || no_slurm "Slurm does not start here: $(cat "$SLURM/said")"
}

# As a person calls it; not for longer than two minutes.
srun() { timeout 120 srun --quiet "$@"; }
sbatch() { timeout 120 sbatch --quiet "$@"; }
