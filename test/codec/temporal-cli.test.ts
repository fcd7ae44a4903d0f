import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { NestedConversations } from '../../client/nested-conversations.js';
import { dataConverterFor } from '../../codec/data-converter.js';
import { createCodecServer } from '../../codec-server/codec-server.js';
import { workflowIdOf } from '../../contract/names.js';
import { inputFor } from '../../dev-stack/input-for.js';
import { OpenHandsStandIn } from '../../dev-stack/stand-ins/openhands-stand-in.js';
import { findTemporalCli } from '../../dev-stack/temporal-binaries.js';
import { startDevServer } from '../harness/temporal.js';

const token = 'the token of this test';

test('the temporal CLI reads an encrypted history and its failure through the codec server', async (t) => {
  const dataConverter = dataConverterFor(new Map([['test', createSecretKey(Buffer.alloc(32, 1))]]));
  const temporal = await startDevServer({ dataConverter });
  t.after(() => temporal.stop());
  const server = await OpenHandsStandIn.listen();
  t.after(() => server.close());
  const codecServer = createCodecServer({ dataConverter, token, origins: [] }).listen(0, '127.0.0.1');
  t.after(() => codecServer.close());
  await once(codecServer, 'listening');

  const input = inputFor(server.url);
  server.script(input.sid, { agent: 'errors', errorReason: 'out of credit' });
  await assert.rejects(new NestedConversations(temporal.env.client).ensureReady(input));

  const cli = await findTemporalCli(console.error);
  const show = async (...options: string[]) => {
    const args = ['workflow', 'show', '--workflow-id', workflowIdOf(input.sid), '--detailed', ...options];
    return (
      await promisify(execFile)(cli, [...args, '--address', temporal.env.address, '--namespace', temporal.namespace])
    ).stdout;
  };
  const secrets = ['Fix the build', 'out of credit'];
  const { port } = codecServer.address() as AddressInfo;
  const decoded = await show('--codec-endpoint', `http://127.0.0.1:${port}`, '--codec-auth', `Bearer ${token}`);
  for (const text of secrets) assert(decoded.includes(text), `${text} is shown`);
  const encoded = await show();
  for (const text of secrets) assert(!encoded.includes(text), `${text} must not be shown without the codec server`);
});
