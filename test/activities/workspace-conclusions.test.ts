import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { conclude, type WorkspaceConclusion } from '../../activities/nested-server/agent-server/workspace/conclude.js';
import { parseFacts } from '../../activities/nested-server/agent-server/workspace/facts.js';
import { planOf } from '../../activities/nested-server/agent-server/workspace/plan.js';
import { parseInput } from '../../contract/input.js';

const parsed = parseInput({
  apiUrl: 'http://h',
  sid: '6f9d1c7a-7a5b-4d43-9a55-0c2f4f1f7a10',
  userId: 'u',
  server: 'agent-server',
  settings: { repository: 'ada/engine' },
  preparation: { setupTimeout: '90 seconds' },
});
assert('conversation' in parsed);
const plan = planOf(parsed.conversation, 'this-run');
const { key } = plan.checkout;

const said = (job: string, words: string) => `output ${job} ${Buffer.from(words).toString('base64')}`;
const script = 'setup-script';
const checkedOut = `job checkout 1 ${key} other-run 1 ended 0`;

/** What the sandbox prints, and what is concluded. */
const table: [what: string, lines: string[], conclusion: string][] = [
  ['nothing yet', [], 'start checkout after 0'],
  ['a running checkout', [`job checkout 1 ${key} this-run 1 running`], 'wait: preparing repository'],
  ['a running checkout of another run', [`job checkout 1 ${key} other-run 1 running`], 'wait: preparing repository'],
  ['a checkout without a script', [checkedOut], 'ready'],
  ['a checkout with a script', [checkedOut, script], 'start setup after 0'],
  ['a checkout of another branch', [`job checkout 4 other-key other-run 1 ended 0`], 'start checkout after 4'],
  [
    'a checkout that failed',
    [`job checkout 1 ${key} this-run 1 ended 1`, said('checkout', 'no branch x\n')],
    'fail: preparing repository failed with exit code 1: no branch x',
  ],
  ['a checkout that failed in an earlier run', [`job checkout 1 ${key} other-run 1 ended 1`], 'start checkout after 1'],
  [
    'a checkout that failed because of the network',
    [`job checkout 2 ${key} this-run 2 ended 75`],
    'start checkout after 2, again',
  ],
  [
    'a checkout that failed because of the network too often',
    [`job checkout 3 ${key} this-run 3 ended 75`, said('checkout', 'refused')],
    'fail: preparing repository failed with exit code 75 (3 tries): refused',
  ],
  ['a checkout that was cut short', [`job checkout 1 ${key} this-run 1 cut-short`], 'start checkout after 1, again'],
  ['a running script', [script, checkedOut, 'job setup 1 setup.sh this-run 1 running'], 'wait: running setup script'],
  [
    'a script that an earlier run has completed',
    [script, checkedOut, 'job setup 1 setup.sh other-run 1 ended 0'],
    'ready',
  ],
  [
    'a script that failed',
    [script, checkedOut, 'job setup 1 setup.sh this-run 1 ended 3', said('setup', 'oops')],
    'fail: running setup script failed with exit code 3: oops',
  ],
  [
    'a script that took too long',
    [script, checkedOut, 'job setup 1 setup.sh this-run 1 ended 124'],
    'fail: running setup script took longer than 90 seconds, and said nothing',
  ],
  [
    'a script that was cut short',
    [script, checkedOut, 'job setup 1 setup.sh this-run 1 cut-short'],
    'start setup after 1, again',
  ],
  [
    'a script that was cut short too often',
    [script, checkedOut, 'job setup 3 setup.sh this-run 3 cut-short', said('setup', 'compiling')],
    'fail: running setup script was cut short (3 tries): compiling',
  ],
];

function inWords(conclusion: WorkspaceConclusion): string {
  switch (conclusion.kind) {
    case 'ready':
      return 'ready';
    case 'fail':
      return `fail: ${conclusion.reason}`;
    case 'wait':
      return `wait: ${conclusion.job.phase}`;
    case 'start':
      return `start ${conclusion.job.name} after ${conclusion.begun}${conclusion.isAgain ? ', again' : ''}`;
  }
}

describe('a sandbox with', () => {
  for (const [what, lines, conclusion] of table) {
    test(`${what} → ${conclusion}`, () => {
      assert.equal(inWords(conclude(parseFacts(`${lines.join('\n')}\n`), plan)), conclusion);
    });
  }
});
