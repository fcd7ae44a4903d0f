import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import type { CreateNestedConversationInput } from '../../contract/input.js';
import { startOptionsOf } from '../../contract/start-options.js';

const input = { apiUrl: 'http://runtime:8080', sid: 'conv123', userId: 'ada' };

test('invalid fields throw InvalidInput, so that a parent workflow fails instead of hanging', () => {
  const wrong: [fields: object, problem: string][] = [
    [{ sid: undefined }, 'sid is required, as a string'],
    [{ userId: null }, 'userId is required, as a string'],
    [{ apiUrl: 5 }, 'apiUrl is required, as a string'],
    [{ sid: 'x'.repeat(101) }, 'sid must have at most 100 characters'],
    [{ sid: '', userId: 'x'.repeat(256) }, 'sid is required, as a string; userId must have at most 255 characters'],
    [{ sid: undefined, server: 'agent-server' }, 'sid is required, as a string'],
  ];
  for (const [fields, problem] of wrong) {
    const asked = { ...input, ...fields } as CreateNestedConversationInput;
    assert.throws(
      () => startOptionsOf(asked, { searchAttributes: true }),
      (error: unknown) => {
        assert(error instanceof ApplicationFailure);
        assert.deepEqual([error.type, error.nonRetryable, error.message], ['InvalidInput', true, problem]);
        return true;
      },
    );
  }
});

test('the options are the ones that the client uses', () => {
  const { typedSearchAttributes, ...options } = startOptionsOf(input, { searchAttributes: true });
  assert.deepEqual(options, {
    workflowId: 'conversation-conv123',
    taskQueue: 'nested-conversations',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    memo: { userId: 'ada', apiUrl: 'http://runtime:8080', server: 'openhands' },
    staticSummary: 'openhands at http://runtime:8080, for ada',
  });
  assert.deepEqual(
    typedSearchAttributes?.map(({ value }) => value),
    ['conv123', 'ada'],
  );
});
