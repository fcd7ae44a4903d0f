import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { boundBrokenBy } from '../../contract/json-text.js';

/** The depth and the number of values, including keys, found by parsing. */
function measure(value: unknown): { levels: number; values: number } {
  if (typeof value !== 'object' || value === null) return { levels: 0, values: 1 };
  const inner = Object.values(value).map(measure);
  const keys = Array.isArray(value) ? 0 : inner.length;
  return {
    levels: 1 + Math.max(0, ...inner.map(({ levels }) => levels)),
    values: 1 + keys + inner.reduce((sum, { values }) => sum + values, 0),
  };
}

describe('boundBrokenBy', () => {
  test('accepts a text within its bounds and rejects one far beyond them', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, pretty) => {
        const text = JSON.stringify(value, null, pretty ? 2 : 0);
        const { levels, values } = measure(value);
        // An object in a list counts one more, for the comma before it. A text alone in a list does not count.
        assert.equal(boundBrokenBy(text, { levels, values: 2 * values }), undefined);
        if (levels > 0) assert.equal(boundBrokenBy(text, { levels: levels - 1, values: 2 * values }), 'levels');
        if (values > 4) assert.equal(boundBrokenBy(text, { levels, values: Math.floor(values / 4) - 1 }), 'values');
      }),
    );
  });

  test('ignores the content of strings', () => {
    for (const inner of ['[[[[', '\\"[[[[', '\\\\\\"[[[[', ',,,,', '{:{:']) {
      assert.equal(boundBrokenBy(`["${inner}"]`, { levels: 1, values: 1 }), undefined);
      assert.equal(boundBrokenBy(`["${inner}`, { levels: 1, values: 1 }), undefined);
    }
    assert.equal(boundBrokenBy('["\\\\",[]]', { levels: 1, values: 9 }), 'levels');
  });
});
