import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConversationStatus, RunPhase } from '../../client/conversation-status.js';
import { Progress } from '../../client/progress.js';

/** What Temporal reports in turn: the phase and, while a step runs, its number. */
type Seen = readonly [phase: RunPhase, step?: number, attempts?: number];

const startedAt = new Date(0);
const ends: readonly RunPhase[] = ['ready', 'failed', 'cancelled'];

function reported(...seen: readonly Seen[]): string[] {
  const lines: string[] = [];
  const progress = new Progress({
    onProgress: ({ phase, attempts }) => lines.push(attempts === undefined ? phase : `${phase} ${attempts}`),
  });
  for (const [phase, step, attempts] of seen) {
    const status: ConversationStatus = {
      sid: 'conv',
      workflowId: 'w',
      runId: 'r',
      phase,
      startedAt,
      ...(attempts !== undefined && { attempts }),
      ...(ends.includes(phase) && { closedAt: startedAt }),
    };
    progress.report(status, step);
  }
  return lines;
}

describe('progress', () => {
  test('reports each phase once', () => {
    const seen: Seen[] = [['queued'], ['queued'], ['creating', 1], ['creating', 1], ['checking', 2], ['ready']];
    assert.deepEqual(reported(...seen), ['queued', 'creating', 'checking', 'ready']);
  });

  test('does not go back between two steps, while the phase is a guess', () => {
    assert.deepEqual(
      reported(['creating', 1], ['checking'], ['checking', 2, 0], ['checking'], ['checking', 2, 1], ['ready']),
      ['creating', 'checking', 'checking 0', 'checking 1', 'ready'],
    );
    assert.deepEqual(reported(['checking', 2], ['stopping', 3], ['checking'], ['failed']), [
      'checking',
      'stopping',
      'failed',
    ]);
  });

  test('does not mistake a create for a check after the repository was prepared', () => {
    const seen: Seen[] = [
      ['queued'],
      ['preparing repository', 1],
      ['running setup script', 1],
      ['checking'],
      ['creating', 2],
      ['checking'],
    ];
    assert.deepEqual(reported(...seen), [
      'queued',
      'preparing repository',
      'running setup script',
      'creating',
      'checking',
    ]);
  });

  test('reports a repeated create once', () => {
    const seen: Seen[] = [
      ['creating', 1],
      ['checking', 2],
      ['checking'],
      ['creating', 3],
      ['creating', 3],
      ['checking', 4],
    ];
    assert.deepEqual(reported(...seen), ['creating', 'checking', 'creating', 'checking']);
  });

  test('ignores an answer that arrives late', () => {
    assert.deepEqual(reported(['creating', 1], ['checking', 2], ['creating', 1], ['ready'], ['checking', 2]), [
      'creating',
      'checking',
      'ready',
    ]);
  });

  test('reports an outage with the last known status, once there is one', () => {
    const lines: unknown[] = [];
    const outages: unknown[] = [];
    const progress = new Progress({
      onProgress: ({ phase, retrying }) => lines.push([phase, retrying?.reason]),
      onRetrying: ({ reason }) => outages.push(reason),
    });
    progress.onRetrying({ since: startedAt, reason: 'first' });
    const status = { sid: 'conv', workflowId: 'w', runId: 'r', phase: 'queued', startedAt } as const;
    progress.report(status, undefined);
    progress.onRetrying({ since: startedAt, reason: 'second' });
    progress.report(status, undefined);
    assert.deepEqual(outages, ['first', 'second']);
    assert.deepEqual(lines, [
      ['queued', undefined],
      ['queued', 'second'],
      ['queued', undefined],
    ]);
  });
});
