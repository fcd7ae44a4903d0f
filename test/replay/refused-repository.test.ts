import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { workflowBundleFor } from '../../worker/workflow-bundle.js';
import { historiesUrl } from './histories.js';

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
});

/** The recorded run of a rejected input, changed as if it had been rejected because of its repository. */
async function refusedForItsRepository(): Promise<object> {
  const history = JSON.parse(await readFile(new URL('bad-input.json', historiesUrl), 'utf8'));
  const [payload] = history.events[0].workflowExecutionStartedEventAttributes.input.payloads;
  const { colour: _, ...input } = JSON.parse(Buffer.from(payload.data, 'base64').toString());
  const refused = { ...input, server: 'agent-server', settings: { repository: 'ada/engine' } };
  payload.data = Buffer.from(JSON.stringify(refused)).toString('base64');
  return history;
}

test('an earlier run that rejected the repository of an agent server replays without a step to prepare it', async () => {
  const options = { workflowBundle: workflowBundleFor(undefined) };
  const histories = [{ workflowId: 'refused', history: await refusedForItsRepository() }];
  for await (const { error } of Worker.runReplayHistories(options, histories)) assert.equal(error, undefined);
});
