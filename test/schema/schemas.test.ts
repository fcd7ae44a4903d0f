import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import type { failureDetails } from '../../contract/failure-details.js';
import type { FailureDetails } from '../../contract/failures.js';
import { anyValidInput, complete, minimal } from '../contract/valid-input.js';
import { schemas, schemasUrl } from './schemas.js';

const written = async (file: string) => JSON.parse(await readFile(new URL(file, schemasUrl), 'utf8'));

describe('docs/schema', () => {
  test('has a file for the input and for each failure, and no other', async () => {
    assert.deepEqual((await readdir(schemasUrl)).sort(), [...schemas.keys()].sort());
  });

  for (const [file, schema] of schemas) {
    test(`is current: ${file} (npm run schema)`, async () => {
      assert.deepEqual(await written(file), JSON.parse(JSON.stringify(schema)));
    });
  }
});

describe("the input's schema, read as another program reads it,", async () => {
  const schema = z.fromJSONSchema(await written('input.json'));

  test('takes what the contract takes', () => {
    for (const input of [minimal, complete]) assert(schema.safeParse(input).success);
    fc.assert(fc.property(anyValidInput(), (input) => schema.safeParse(input).success));
  });

  for (const [problem, change] of Object.entries({
    'a missing field': { sid: undefined },
    'an unknown field': { timeout: '1 minute' },
    'an unknown field of a group': { readiness: { retries: 3 } },
    'a number for a duration': { readiness: { interval: 2 } },
    'too many looks': { readiness: { maximumAttempts: 10_001 } },
    'too long a sid': { sid: 's'.repeat(101) },
    'another dialect': { server: 'openhands-2' },
  })) {
    test(`refuses ${problem}`, () => {
      const input = JSON.parse(JSON.stringify({ ...minimal, ...change }));
      assert(!schema.safeParse(input).success);
    });
  }
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Described = { [T in keyof typeof failureDetails]: z.output<(typeof failureDetails)[T]> };

test('the schemas of the failures are the types of contract/failures.ts, or this does not compile', () => {
  const same: Same<DeepReadonly<Described>, DeepReadonly<FailureDetails>> = true;
  assert(same);
});
