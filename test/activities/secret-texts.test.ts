import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretTextsOf } from '../../activities/secret-texts.js';
import { parseInput } from '../../contract/input.js';
import { inputFor } from '../../dev-stack/input-for.js';

test('a readiness check knows the password inside a URL and a header', () => {
  const server = { url: 'https://ada:s3cr3t@host/mcp', headers: { Cookie: 'session=k3y-123' } };
  const parsed = parseInput(
    inputFor('http://127.0.0.1:1', { settings: { mcpConfig: { shttp_servers: [server] } } } as never),
  );
  assert('conversation' in parsed);
  const texts = secretTextsOf(parsed.conversation);
  for (const text of ['s3cr3t', 'k3y-123', server.url]) assert(texts.includes(text), text);
});

test('a readiness check knows each value in the arguments and environment of an MCP server that is one text', () => {
  const server = { name: 'tool', command: 'tool', args: '--token "s3cr3t"', env: 'A=1,TOKEN=k3y-123' };
  const parsed = parseInput(
    inputFor('http://127.0.0.1:1', { settings: { mcpConfig: { stdio_servers: [server] } } } as never),
  );
  assert('conversation' in parsed);
  const texts = secretTextsOf(parsed.conversation);
  for (const text of ['--token', 's3cr3t', 'k3y-123', server.args, server.env]) assert(texts.includes(text), text);
});
