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
  test('has a file for the input, one for each failure, and no other', async () => {
    assert.deepEqual((await readdir(schemasUrl)).sort(), [...schemas.keys()].sort());
  });

  for (const [file, schema] of schemas) {
    test(`${file} is up to date (npm run schema)`, async () => {
      assert.deepEqual(await written(file), JSON.parse(JSON.stringify(schema)));
    });
  }
});

describe("the input's schema in another validator", async () => {
  const schema = z.fromJSONSchema(await written('input.json'));

  test('accepts what the contract accepts', () => {
    for (const input of [minimal, complete]) assert(schema.safeParse(input).success);
    fc.assert(fc.property(anyValidInput(), (input) => schema.safeParse(input).success));
  });

  for (const [problem, change] of Object.entries({
    'a missing field': { sid: undefined },
    'an unknown field': { timeout: '1 minute' },
    'an unknown nested field': { readiness: { retries: 3 } },
    'a number for a duration': { readiness: { interval: 2 } },
    'too many readiness checks': { readiness: { maximumAttempts: 10_001 } },
    'a sid that is too long': { sid: 's'.repeat(101) },
    'another dialect': { server: 'openhands-2' },
  })) {
    test(`rejects ${problem}`, () => {
      const input = JSON.parse(JSON.stringify({ ...minimal, ...change }));
      assert(!schema.safeParse(input).success);
    });
  }
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Described = { [T in keyof typeof failureDetails]: z.output<(typeof failureDetails)[T]> };

test('the schemas of the failures match the types in contract/failures.ts', () => {
  const same: Same<DeepReadonly<Described>, DeepReadonly<FailureDetails>> = true;
  assert(same);
});
