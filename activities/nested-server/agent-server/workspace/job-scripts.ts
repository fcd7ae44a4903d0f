import { variables } from './shell.js';

/** The exit code of a job that may succeed later: `EX_TEMPFAIL` of sysexits. */
export const temporaryFailure = 75;

/** The exit code of `timeout` when the time limit has passed. */
export const timedOut = 124;

/** Runs the script as OpenHands does, but in its own process, because the script may call `exit`. */
export const setupScript = 'unset header; exec bash .openhands/setup.sh';

export interface CheckoutTarget {
  readonly url: string;
  /** A branch, a tag or a commit. */
  readonly branch: string | undefined;
  /** The branch to create from the repository's default branch if no branch is given. */
  readonly newBranch: string;
}

/**
 * Clones the repository into the working directory, where the script starts, and checks out the branch. Can be
 * repeated.
 *
 * A folder that was empty at first is ours until the checkout is complete: leftovers of an earlier attempt are
 * overwritten. In a checkout that existed before, Git overwrites nothing.
 */
export function checkoutScript({ url, branch = '', newBranch }: CheckoutTarget): string {
  return `${variables({ url, branch, new_branch: newBranch })}${prepareGit}${takePossession}${checkOut}${installHook}`;
}

/** The environment holds the `Authorization` header for the repository in `$header`. `$1` is the job's folder. */
const prepareGit = `
set -eu
job=$1
export LC_ALL=C GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=true
if [ -n "$header" ]; then
  origin=$(printf '%s' "$url" | sed -E 's#^([a-z]+://[^/]+).*#\\1/#')
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="http.$origin.extraHeader" GIT_CONFIG_VALUE_0="$header"
fi
git=$(git rev-parse --absolute-git-dir)
state=$git/nested-conversations

fail() { echo "$*" >&2; exit 1; }
exists() { git rev-parse --quiet --verify "$1^{commit}" >/dev/null; }
# Git over the network: a refusal stays one, all else may pass.
remotely() {
  git "$@" 2>"$job/error" && return
  cat "$job/error" >&2
  grep -Eqi 'authentication failed|could not read|not found|access denied|returned error: 40' "$job/error" && exit 1
  exit ${temporaryFailure}
}
`;

/** Finds out whether the folder is ours and whether there is anything to do. */
const takePossession = `
# The same repository may be written as a URL with a user, with .git at its end, or for SSH.
plain() { printf '%s' "$1" | sed -E 's#^git@([^:/]+):#https://\\1/#; s#^ssh://#https://#; s#://[^/@]*@#://#; s#/+$##; s#\\.git$##'; }
if ! exists HEAD && [ "$(ls -A)" = .git ]; then : >"$state/ours"; fi
ours=no
[ ! -e "$state/ours" ] || [ -e "$state/complete" ] || ours=yes
due=yes
if [ "$ours" = yes ]; then
  # What a Git that was killed has left: nobody else is at work here.
  find "$git" -name '*.lock' -not -path "$state/*" -delete
  git config remote.origin.url "$url"
  git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'
else
  [ "$(plain "$(git config --get remote.origin.url)")" = "$(plain "$url")" ] ||
    fail 'the working directory is a checkout of another repository'
  [ -n "$branch" ] && [ "$(git symbolic-ref --quiet --short HEAD)" != "$branch" ] || due=no
fi
`;

const checkOut = `
if [ "$due" = yes ]; then
  heads=$(remotely ls-remote --heads origin)
  remotely fetch --no-progress --no-auto-gc --tags origin
  [ "$ours" = no ] || git clean -ffdxq
  if [ -n "$branch" ]; then
    if [ "$ours" = no ] && exists "refs/heads/$branch"; then git checkout -q "$branch" --
    elif exists "refs/remotes/origin/$branch"; then
      if [ "$ours" = yes ]; then git checkout -q -f --track -B "$branch" "origin/$branch"
      else git checkout -q --track -b "$branch" "origin/$branch"; fi
    elif exists "$branch"; then git checkout -q --detach "$branch"
    else fail "the repository has no branch $branch"; fi
  elif [ -z "$heads" ]; then git symbolic-ref HEAD "refs/heads/$new_branch"
  else
    remotely remote set-head origin --auto >/dev/null
    git checkout -q -f --no-track -B "$new_branch" origin/HEAD
  fi
fi
: >"$state/complete"
`;

const installHook = `
if [ -f .openhands/pre-commit.sh ]; then
  hooks=$(git rev-parse --git-path hooks)
  mark='# Installed by nested-conversations: runs the hook of the repository.'
  mkdir -p "$hooks"
  if [ -e "$hooks/pre-commit" ] && ! grep -qxF "$mark" "$hooks/pre-commit"; then
    mv "$hooks/pre-commit" "$hooks/pre-commit.local"
  fi
  cat >"$hooks/pre-commit.new" <<END
#!/bin/sh
$mark
before="\\$(dirname "\\$0")/pre-commit.local"
[ ! -x "\\$before" ] || "\\$before" "\\$@" || exit
[ ! -f .openhands/pre-commit.sh ] || exec bash .openhands/pre-commit.sh "\\$@"
END
  chmod +x "$hooks/pre-commit.new"
  mv "$hooks/pre-commit.new" "$hooks/pre-commit"
fi
`;
