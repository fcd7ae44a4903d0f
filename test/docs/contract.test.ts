import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { failureOfAnswer } from '../../activities/nested-server/failures.js';
import { failureTypes, finalFailureTypes, whatToDo } from '../../contract/failures.js';
import { parseInput } from '../../contract/input.js';

const docs = new URL('../../../docs/', import.meta.url);
const page = await readFile(new URL('contract.md', docs), 'utf8');
const limitsPage = await readFile(new URL('limits.md', docs), 'utf8');
const schema: Schema = JSON.parse(await readFile(new URL('schema/input.json', docs), 'utf8'));

/** What is used here of a JSON Schema. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly maxLength?: number;
}

/** Every field of the input, by its path, such as `client.sessionApiKey`. */
function fieldsOf({ properties = {}, anyOf = [] }: Schema, path: readonly string[] = []): [string, Schema][] {
  const below = Object.entries(properties).flatMap(([name, field]): [string, Schema][] => [
    [[...path, name].join('.'), field],
    ...fieldsOf(field, [...path, name]),
  ]);
  return [...below, ...anyOf.flatMap((one) => fieldsOf(one, path))];
}

function maxLengthOf({ maxLength, anyOf = [] }: Schema): number | undefined {
  return maxLength ?? anyOf.map(maxLengthOf).find(Boolean);
}

/** The rows of the table below a heading, as cells without the Markdown of code. */
function table(heading: string): string[][] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [, rows = ''] = /((?:^\|.*\n)+)/m.exec(section) ?? [];
  const cells = (row: string) => row.split('|').slice(1, -1);
  return rows
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => cells(row).map((cell) => cell.replaceAll('`', '').trim()));
}

describe('the error table', () => {
  const rows = table('Errors');

  test('names every failure type and no other', () => {
    assert.deepEqual(
      rows.map(([type]) => type),
      Object.keys(failureTypes),
    );
  });

  test('says whether each type is retried', () => {
    for (const [type, , retried] of rows) {
      assert.equal(retried === 'no', finalFailureTypes.has(type as keyof typeof failureTypes), type);
    }
  });

  test('gives the same advice as a failed run', () => {
    for (const [type, , , advice] of rows) {
      assert.equal(advice, whatToDo[type as keyof typeof failureTypes].replaceAll('`', ''), type);
    }
  });

  for (const [type = '', when = ''] of rows) {
    for (const [status] of when.matchAll(/\b\d{3}\b/g)) {
      test(`is right that ${status} is ${type}`, () => {
        const json = { detail: when.includes(`${status} Not Found`) ? 'Not Found' : 'No such profile' };
        const answer = { method: 'POST', url: 'http://h', status: Number(status), headers: {}, text: '', json };
        assert.equal(failureOfAnswer(answer).type, type);
      });
    }
  }
});

describe('the input table', () => {
  const input = { apiUrl: 'http://h', sid: 's', userId: 'u' };
  const rows = table('Input');

  test('names every field', () => {
    const parsed = parseInput(input);
    assert('conversation' in parsed);
    assert.deepEqual(rows.map(([field]) => field).sort(), Object.keys(parsed.conversation).sort());
  });

  for (const [path] of fieldsOf(schema).filter(([field]) => field.split('.').length === 2)) {
    test(`names ${path}`, () => {
      const [field, nested] = path.split('.');
      const [, , meaning = ''] = rows.find(([name]) => name === field) ?? [];
      assert.match(meaning, new RegExp(`\\b${nested}\\b`));
    });
  }

  test('gives the defaults of the code', () => {
    const parsed = parseInput(input);
    assert('conversation' in parsed);
    const defaults = new Map<string, unknown>(Object.entries(parsed.conversation));
    for (const [field = '', byDefault] of rows) {
      if (byDefault) assert.equal(byDefault.replaceAll("'", '"'), JSON.stringify(defaults.get(field)), field);
    }
  });
});

describe('the bounds of texts', () => {
  const minimal = { apiUrl: 'http://h', sid: 's', userId: 'u' };
  const bounded = fieldsOf(schema).flatMap(([path, field]): [string, number][] => {
    const most = maxLengthOf(field);
    return most === undefined ? [] : [[path, most]];
  });

  for (const [path, most] of bounded) {
    test(`${path}: ${most} characters are in limits.md, and a longer text is refused`, () => {
      assert.match(limitsPage, new RegExp(`^\\| \`${path}\` \\| ${most.toLocaleString('en')} characters`, 'm'));
      const [field = '', nested] = path.split('.');
      const tooLong = 'http://h/'.padEnd(most + 1, 'a');
      const parsed = parseInput({ ...minimal, [field]: nested === undefined ? tooLong : { [nested]: tooLong } });
      assert('problems' in parsed);
      assert(
        parsed.problems.some((found) => found.field === path && /characters/.test(found.problem)),
        JSON.stringify(parsed.problems),
      );
    });
  }
});
