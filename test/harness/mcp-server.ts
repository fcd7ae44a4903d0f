import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildServer } from '../../dev-stack/child-server.js';
import { startPythonServer } from '../../dev-stack/python-server.js';

/** Takes the port as its argument. */
const program = `
import sys
from fastmcp import FastMCP
from starlette.responses import PlainTextResponse

server = FastMCP("tools")

@server.tool
def weigh_anchor() -> str:
    """Weighs the anchor."""
    return "weighed"

@server.custom_route("/health", methods=["GET"])
async def health(request):
    return PlainTextResponse("OK")

server.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False)
`;

/** The name of its only tool. */
export const mcpTool = 'weigh_anchor';

/** An MCP server over HTTP, at `/mcp`, for a Python with FastMCP. */
export async function startMcpServer(python: string): Promise<ChildServer> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-server-'));
  await writeFile(join(folder, 'mcp_tools.py'), program);
  const server = await startPythonServer({
    name: 'MCP server',
    python,
    module: 'mcp_tools',
    args: (port) => [String(port)],
    cwd: folder,
    env: process.env,
    healthPath: '/health',
  });
  return {
    ...server,
    async stop(signal) {
      await server.stop(signal);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
