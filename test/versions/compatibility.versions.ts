import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { NestedConversations } from '../../client/nested-conversations.js';
import { type ModelStandIn, startModelStandIn } from '../../dev-stack/stand-ins/model-stand-in.js';
import { forFile, forTest } from '../harness/fixtures.js';
import { startProxy } from '../harness/proxy.js';
import { TablePlace } from '../harness/table.js';
import { startDevServer } from '../harness/temporal.js';
import { type Column, type Table, tables } from './columns.js';
import { Situation } from './situation.js';
import type { TriedServer } from './tried-server.js';

/**
 * How starts end on real servers of both generations. Writes the tables in docs/compatibility.md.
 *
 * `VERSIONS`, column names separated by commas, runs only these columns and leaves the others unchanged.
 */
const wanted = process.env.VERSIONS?.split(',').map((name) => name.trim());

const temporal = await forFile(startDevServer());
const conversations = new NestedConversations(temporal.env.client);

// Half of a test's time is spent waiting for a server to start.
describe('a start ends correctly on', { concurrency: 2 }, () => {
  for (const table of tables) {
    for (const column of table.columns.filter(({ name }) => wanted?.includes(name) ?? true)) {
      describe(`${table.name}: ${column.name}`, { concurrency: 1 }, () => tryOut(table, column));
    }
  }
});

function tryOut(table: Table, column: Column): void {
  let model: ModelStandIn;
  let server: TriedServer;
  const ends = new Map<string, string>();

  before(async () => {
    model = await startModelStandIn();
    server = column.server(model.url);
    await server.start();
    await column.prepare?.(server);
  });

  for (const tried of column.cases) {
    test(tried.name, { timeout: 3 * 60_000 }, async (t) => {
      const proxy = await forTest(t, startProxy({ target: server.url }));
      ends.set(tried.name, await tried.run(new Situation(server, model, proxy, conversations)));
    });
  }

  after(async () => {
    await server?.remove();
    await model?.close();
    // A table with a wrong outcome is not written: the tests above have failed.
    if (ends.size === column.cases.length) await writeColumn(table, column, ends);
  });
}

let writing: Promise<void> = Promise.resolve();

/** One at a time, because the table is read before it is written. */
function writeColumn(table: Table, column: Column, ends: ReadonlyMap<string, string>): Promise<void> {
  writing = writing.then(async () => {
    const place = new TablePlace('compatibility.md', `npm run test:versions: ${table.name}`);
    const [heading = [], ...rows] = await place.read();
    const known = new Map(rows.map(([name = '', ...cells]) => [name, cells]));
    const cellOf = (name: string, { name: version }: Column) =>
      version === column.name ? ends.get(name) : known.get(name)?.[heading.indexOf(version) - 1];
    await place.write([
      [table.name, ...table.columns.map(({ name }) => name)],
      ...column.cases.map(({ name }) => [name, ...table.columns.map((other) => cellOf(name, other) ?? 'not tried')]),
    ]);
  });
  return writing;
}

test('every requested version is in a table', () => {
  const known = tables.flatMap(({ columns }) => columns.map(({ name }) => name));
  assert.deepEqual(
    (wanted ?? []).filter((name) => !known.includes(name)),
    [],
  );
});
