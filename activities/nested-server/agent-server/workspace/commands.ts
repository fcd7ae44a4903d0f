import { temporaryFailure } from './job-scripts.js';
import type { Job, WorkspacePlan } from './plan.js';
import { quoted, variables } from './shell.js';

/*
 * The commands that are sent to the sandbox, for its /bin/sh. Each ends within moments.
 *
 * A job outlives the request, the worker and the server that have started it. Its folder is inside .git, out of the way,
 * and is removed together with the checkout:
 *
 *   lock   held while the job runs: shows whether a job without an exit code still runs or was cut short
 *   run    how often it was begun, for what, by which run of the workflow, and how often by that run
 *   pid    the process group to end
 *   log    the beginning and the end of its output
 *   exit   its exit code
 */

/** In bytes: how much of a job's output is kept in its log, and how much of the log is printed. */
const output = { beginning: 256 * 1024, end: 64 * 1024, told: 2_000 };

/** How long a token stays in memory if no job reads it. */
const tokenSeconds = 60;

/** The exit code of a command that can't do its work. Its output says why. */
export const refused = 3;

/** The beginning of every command. It defines `$jobs`, the folder that holds the jobs' folders. */
function inWorkspace({ workingDir, sid }: WorkspacePlan): string {
  return `${variables({ dir: workingDir, sid })}
refuse() { echo "$*"; exit ${refused}; }
sweep() { rm -rf "/dev/shm/nested-conversation-$sid".*; }
find_jobs() { jobs=$(git rev-parse --absolute-git-dir)/nested-conversations/$sid; }
`;
}

/** Prints the facts of the workspace, one per line: see `facts.ts`. Changes nothing. */
export function observeCommand(plan: WorkspacePlan): string {
  return `${inWorkspace(plan)}
cd -- "$dir" 2>/dev/null && [ -e .git ] || exit 0
find_jobs || exit ${refused}
[ ! -f .openhands/setup.sh ] || echo setup-script
cd -- "$jobs" 2>/dev/null || exit 0
for job in checkout setup; do
  [ -f "$job/run" ] || continue
  state=running
  if [ -f "$job/exit" ]; then
    state="ended $(cat "$job/exit")"
    # Of a long output, the end is written a moment later.
    [ "$state" = 'ended 0' ] || [ -f "$job/written" ] || sleep 1
  elif flock -n -s "$job/lock" true; then
    # It may have ended in between.
    if [ -f "$job/exit" ]; then state="ended $(cat "$job/exit")"; else state=cut-short; fi
  fi
  echo "job $job $(cat "$job/run") $state"
  case $state in
    running | 'ended 0') ;;
    *) echo "output $job $(tail -c ${output.told} "$job/log" 2>/dev/null | base64 | tr -d '\\n')" ;;
  esac
done`;
}

/**
 * Begins a job if it was begun exactly `begun` times before. So the same command may arrive twice, or late.
 *
 * @param tokenFile The file with the `Authorization` header for the repository. The command reads and removes it.
 */
export function startCommand(plan: WorkspacePlan, job: Job, begun: number, tokenFile = ''): string {
  const { name, key, limitSeconds, script } = job;
  return `${inWorkspace(plan)}
${variables({ name, key, run: plan.runId, limit: limitSeconds, seen: begun, token_file: tokenFile, script })}
trap 'if [ -n "$token_file" ]; then rm -rf "\${token_file%/*}"; else sweep; fi' EXIT
for tool in git bash flock setsid timeout base64; do
  command -v "$tool" >/dev/null || refuse "the sandbox has no $tool"
done
mkdir -p -- "$dir" && cd -- "$dir" || refuse "the working directory can't be made"
if [ ! -e .git ]; then
  [ -z "$(ls -A)" ] || refuse 'the working directory is not empty, and no checkout of a repository'
  git init -q || refuse "no repository can be made in the working directory"
fi
find_jobs || exit ${refused}
job=$jobs/$name
mkdir -p "$job" && exec 9>>"$job/lock" || refuse "the working directory can't be written to"
flock -n 9 || exit 0
begun=0 tries=0
[ ! -f "$job/run" ] || read -r begun before_key before_run tries <"$job/run"
[ "$begun" = "$seen" ] || exit 0
[ "\${before_key-} \${before_run-}" = "$key $run" ] || tries=0
header=
if [ -n "$token_file" ]; then
  # It has no line end.
  IFS= read -r header <"$token_file" || [ -n "$header" ] || { echo 'the token is gone'; exit ${temporaryFailure}; }
fi
rm -f "$job/exit" "$job/written" "$job/pid" "$job/log"
echo "$((begun + 1)) $key $run $((tries + 1))" >"$job/run.new" && mv "$job/run.new" "$job/run"
header=$header setsid sh -c ${quoted(runner)} job "$job" "$limit" "$script" </dev/null 2>&1 |
  setsid sh -c ${quoted(recorder)} job "$job" >/dev/null 2>&1 &`;
}

/**
 * Runs the script within its time limit. A process that the script leaves running, such as a database, does not hold
 * the lock.
 */
const runner = `
timeout -k 10 "$2" bash -c "$3" job "$1" 9>&- &
echo $! >"$1/pid"
wait $!
echo $? >"$1/exit.new" && mv "$1/exit.new" "$1/exit"`;

const recorder = `
exec 9>&-
{ head -c ${output.beginning}; tail -c ${output.end}; } >"$1/log"
: >"$1/written"`;

/** Ends the running job and removes token files that no job has read. */
export function stopCommand(plan: WorkspacePlan): string {
  return `${inWorkspace(plan)}
sweep
cd -- "$dir" 2>/dev/null && [ -e .git ] && find_jobs && cd -- "$jobs" || exit 0
for job in checkout setup; do
  { [ -f "$job/run" ] && [ ! -f "$job/exit" ]; } || continue
  [ -f "$job/pid" ] || sleep 1
  flock -n -s "$job/lock" true && continue
  # timeout leads a process group of its own.
  leader=$(cat "$job/pid")
  kill -TERM -- "-$leader" || kill -TERM "$leader"
  flock -w 5 -s "$job/lock" true || kill -KILL -- "-$leader"
done 2>/dev/null
exit 0`;
}

/** Creates an empty file in memory that only its owner can read, and prints its path. */
export function tokenFileCommand(plan: WorkspacePlan): string {
  return `${inWorkspace(plan)}
umask 077
[ -d /dev/shm ] && [ -w /dev/shm ] || refuse 'the sandbox has no /dev/shm, where a token could be handed over in memory'
sweep
folder=$(mktemp -d "/dev/shm/nested-conversation-$sid.XXXXXX") && : >"$folder/token" || exit ${refused}
setsid sh -c 'sleep ${tokenSeconds}; rm -rf "$1"' sweep "$folder" </dev/null >/dev/null 2>&1 &
echo "$folder/token"`;
}
