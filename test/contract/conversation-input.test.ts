import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import type { CreateNestedConversationInput } from '../../contract/conversation-input.js';
import { type conversation, parseInput } from '../../contract/input.js';

type Schema = z.input<typeof conversation>;

/** The type with its durations as plain strings, as in the schema. */
type WithTexts<T> = {
  [K in keyof T]: string extends T[K] ? T[K] : `${number} seconds` extends T[K] ? string | undefined : T[K];
};
type Loose = Omit<CreateNestedConversationInput, 'client' | 'readiness' | 'preparation'> & {
  client?: WithTexts<NonNullable<CreateNestedConversationInput['client']>> | undefined;
  readiness?: WithTexts<NonNullable<CreateNestedConversationInput['readiness']>> | undefined;
  preparation?: WithTexts<NonNullable<CreateNestedConversationInput['preparation']>> | undefined;
};

test('the documented type matches the schema field by field', () => {
  const written: Required<CreateNestedConversationInput> = {
    apiUrl: 'http://h',
    sid: 's',
    userId: 'u',
    settings: { mcpConfig: null, repository: 'a/b', selectedBranch: 'main', gitProvider: 'github' },
    initialUserMsg: { content: 'hi', imageUrls: ['http://h/a.png'] },
    replayJson: null,
    client: { timeout: '30 seconds', sessionApiKey: 'key' },
    readiness: { interval: '1 second', maximumAttempts: 3, lookTimeout: '500ms', readyWhen: 'accepting-events' },
    preparation: { checkoutTimeout: '5 minutes', setupTimeout: '30 minutes' },
    server: 'openhands',
    onFailure: 'stop',
  };
  // Each line compiles only if the type and the schema have the same fields and values.
  const asSchema: Schema = written;
  const asWritten: Loose = asSchema;
  assert.ok('conversation' in parseInput(asWritten));
});

test('a duration without a unit or with an unknown one does not compile', () => {
  const input: CreateNestedConversationInput = { apiUrl: 'http://h', sid: 's', userId: 'u' };
  // @ts-expect-error: no unit
  const withoutUnit = { ...input, readiness: { interval: '2' } } satisfies CreateNestedConversationInput;
  // @ts-expect-error: no such unit
  const fortnights = { ...input, client: { timeout: '2 fortnights' } } satisfies CreateNestedConversationInput;
  assert.ok('problems' in parseInput(withoutUnit) && 'problems' in parseInput(fortnights));
});
