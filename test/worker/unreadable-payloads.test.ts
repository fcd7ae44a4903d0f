import assert from 'node:assert/strict';
import { createSecretKey, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { dataConverterFor } from '../../codec/data-converter.js';
import { defaultTaskQueue, workflowType } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { failureOf } from '../harness/failure-of.js';
import { forFile, standInForFile } from '../harness/fixtures.js';
import { startDevServer } from '../harness/temporal.js';
import { json, undecodable } from './payload-kinds.js';

/** Payloads that can't be decoded, on a dev server: as the input of a run, and in every other place of a run. */

const server = await standInForFile();

const plain = { what: 'without encryption', dataConverter: undefined };
const encrypted = {
  what: 'with encryption',
  dataConverter: dataConverterFor(new Map([['test', createSecretKey(Buffer.alloc(32, 1))]])),
};

for (const { what, dataConverter } of [plain, encrypted]) {
  const temporal = await forFile(startDevServer(dataConverter && { dataConverter }));
  const { namespace } = temporal;

  describe(what, { concurrency: 4 }, () => {
    const rpc = () => temporal.env.client.workflowService;

    /** Starts a run with these payloads, like any client could. */
    async function start(fields: { input: Payload; memo?: Payload; lastCompletionResult?: Payload }): Promise<string> {
      const { input, memo, lastCompletionResult } = fields;
      const workflowId = `unreadable-${randomUUID()}`;
      await rpc().startWorkflowExecution({
        namespace,
        workflowId,
        requestId: randomUUID(),
        workflowType: { name: workflowType },
        taskQueue: { name: defaultTaskQueue },
        input: { payloads: [input] },
        ...(memo && { memo: { fields: { note: memo } } }),
        ...(lastCompletionResult && {
          lastCompletionResult: { payloads: [lastCompletionResult] },
          continuedFailure: {
            message: 'as before',
            applicationFailureInfo: { details: { payloads: [lastCompletionResult] } },
          },
        }),
      });
      return workflowId;
    }

    const resultOf = (workflowId: string) => temporal.env.client.workflow.getHandle(workflowId).result();
    // With time for the status, which would be missing from the result if a busy machine answers late.
    const readiness = { lookTimeout: '1 minute' } as const;
    const good = () => defaultPayloadConverter.toPayload(inputFor(server.url, { readiness }));

    for (const [kind, make] of undecodable) {
      test(`${kind} as the input fails the run with InvalidInput`, async () => {
        const workflowId = await start({ input: make() });
        const { type, message } = await failureOf(resultOf(workflowId));
        assert.equal(type, 'InvalidInput');
        assert.match(message, /^the input can't be decoded: [^*]+$/);
        assert(!message.includes('\u001b'));
        assert.deepEqual(await failedTasks(workflowId), []);
      });

      test(`${kind} is ignored where the workflow does not read it`, async () => {
        const carried = make();
        // Temporal returns at most 4 MB with the first event.
        const lastCompletionResult = (carried.data?.length ?? 0) < 1_000_000 ? make() : json('1');
        const workflowExecution = { workflowId: await start({ input: good(), memo: carried, lastCompletionResult }) };
        const payloads = { payloads: [make()] };
        await rpc().signalWorkflowExecution({ namespace, workflowExecution, signalName: 'of nobody', input: payloads });
        await Promise.all([
          assert.rejects(
            rpc().queryWorkflow({
              namespace,
              execution: workflowExecution,
              query: { queryType: 'none', queryArgs: payloads },
            }),
          ),
          rpc()
            .updateWorkflowExecution({
              namespace,
              workflowExecution,
              waitPolicy: { lifecycleStage: 3 },
              request: { meta: { updateId: randomUUID() }, input: { name: 'of nobody', args: payloads } },
            })
            .catch(() => undefined),
        ]);
        const { status } = (await resultOf(workflowExecution.workflowId)) as { status: string };
        assert.equal(status, 'RUNNING');
        assert.deepEqual(await failedTasks(workflowExecution.workflowId), []);
      });
    }

    test('an input of null fails the run', async () => {
      const workflowId = await start({ input: json('null') });
      await assert.rejects(resultOf(workflowId));
    });

    /** From the run's history. A failed task is retried again and again. */
    async function failedTasks(workflowId: string): Promise<unknown[]> {
      const failed: unknown[] = [];
      const request = { namespace, execution: { workflowId }, maximumPageSize: 3 };
      for (let nextPageToken: Uint8Array = new Uint8Array(); ; ) {
        const page = await rpc().getWorkflowExecutionHistory({ ...request, nextPageToken });
        failed.push(
          ...(page.history?.events ?? []).filter(
            (event) => event.workflowTaskFailedEventAttributes ?? event.workflowTaskTimedOutEventAttributes,
          ),
        );
        if (!page.nextPageToken?.length) return failed;
        nextPageToken = page.nextPageToken;
      }
    }
  });
}
