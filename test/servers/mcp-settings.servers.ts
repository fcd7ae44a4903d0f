import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { mcpProblems, mcpServersOf } from '../../contract/mcp-servers.js';
import { installOpenHands, type OpenHandsVersion } from '../../dev-stack/openhands-server.js';

/** Prints how OpenHands reads each server, or null if it refuses it. */
const program = `
import json, sys
from openhands.core.config.mcp_config import MCPStdioServerConfig
from pydantic import ValidationError

def read(entry):
    try:
        server = MCPStdioServerConfig.model_validate(entry)
    except ValidationError:
        return None
    return {"name": server.name, "command": server.command, "args": server.args, "env": server.env}

json.dump([read(entry) for entry in json.load(sys.stdin)], sys.stdout)
`;

const commandLine = fc.string({ unit: fc.constantFrom(...' \t\n\'"\\$#=,ab1_é😀'), maxLength: 16 });
const variables = fc.string({ unit: fc.constantFrom(...' =,,aB1_-é"\n'), maxLength: 16 });
const mostly = (usual: string, unit: string) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, fc.string({ unit: fc.constantFrom(...unit), maxLength: 6 }));
const server = fc.record({
  name: mostly('fs', ' aB1_-.é\n'),
  command: mostly('npx', ' a/-"\t\n'),
  args: fc.oneof(commandLine, fc.array(commandLine, { maxLength: 3 })),
  env: fc.oneof(variables, fc.dictionary(commandLine, commandLine, { maxKeys: 3 })),
});

for (const version of ['0.62.0', '1.6.0'] satisfies OpenHandsVersion[]) {
  test(`a local MCP server is read like OpenHands ${version} reads it`, async () => {
    const { python } = await installOpenHands(console.error, version);
    const entries = fc.sample(server, { numRuns: 5000, seed: 16 });
    const expected = JSON.parse(
      execFileSync(python, ['-c', program], {
        input: JSON.stringify(entries),
        encoding: 'utf8',
        env: { ...process.env, LOG_TO_FILE: 'false' },
        stdio: ['pipe', 'pipe', 'ignore'],
      }),
    );
    const found = entries.map((entry) => {
      const config = { stdio_servers: [entry] };
      if ([...mcpProblems(config, new Set())].length > 0) return null;
      const [first] = mcpServersOf(config, []);
      const { command, args, env } = first?.server ?? {};
      return { name: first?.name, command, args, env };
    });
    const differing = entries.flatMap((entry, index) =>
      JSON.stringify(found[index]) === JSON.stringify(expected[index])
        ? []
        : [{ entry, found: found[index], expected: expected[index] }],
    );
    assert.deepEqual(differing, []);
    assert(found.some((one) => one === null) && found.some((one) => one !== null));
  });
}
