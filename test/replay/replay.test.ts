import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { workflowBundleFor } from '../../worker/workflow-bundle.js';
import { earlierHistoriesUrl, historiesUrl, recordings } from './histories.js';
import { paths } from './paths.js';

/**
 * Histories of real runs, replayed by the current workflow code: a run in flight must continue after a worker's
 * upgrade. `npm run histories:record` records them again.
 */

// One test replays a history that fails, which needs no log.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
});

async function replayed(
  folder: URL,
  suffix: string,
  options: { workflowBundle: WorkflowBundleOption; dataConverter?: object },
) {
  const histories = paths.map(async ({ name }) => ({
    workflowId: name,
    history: JSON.parse(await readFile(new URL(name + suffix, folder), 'utf8')),
  }));
  const errors = new Map<string, Error | undefined>();
  for await (const { workflowId, error } of Worker.runReplayHistories(options, await Promise.all(histories))) {
    errors.set(workflowId, error);
  }
  return errors;
}

test('every path has its histories and there is no other history', async () => {
  const expected = paths.flatMap(({ name }) => recordings.map(({ suffix }) => name + suffix));
  for (const folder of [historiesUrl, earlierHistoriesUrl]) {
    const recorded = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    assert.deepEqual(recorded.sort(), expected.sort(), folder.pathname);
  }
});

for (const { suffix, dataConverter } of recordings) {
  for (const [whose, folder] of [
    ['of this release', historiesUrl],
    ['of the previous release', earlierHistoriesUrl],
  ] as const) {
    test(`the current workflow replays every history *${suffix} ${whose}`, async () => {
      const workflowBundle = workflowBundleFor(dataConverter);
      const errors = await replayed(folder, suffix, { workflowBundle, ...(dataConverter && { dataConverter }) });
      assert.deepEqual(
        [...errors],
        paths.map(({ name }) => [name, undefined]),
      );
    });
  }
}

test('every history with a step detects a workflow with reordered steps', async () => {
  const workflowsPath = fileURLToPath(new URL('./reordered-workflow.js', import.meta.url));
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  const errors = await replayed(historiesUrl, '.json', { workflowBundle });
  errors.delete('cancelled-before-a-worker-took-it');
  assert.equal(errors.size, paths.length - 1);
  for (const [name, error] of errors) {
    assert(error instanceof DeterminismViolationError, `${name}: ${error}`);
    assert.match(
      error.message,
      /Nondeterminism error: Activity type of scheduled event 'createConversation' does not match/,
    );
  }
});
