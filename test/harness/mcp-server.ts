import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildServer } from '../../dev-stack/child-server.js';
import { startPythonServer } from '../../dev-stack/python-server.js';

/** Takes the port as its argument, or `stdio`. */
const program = `
import os, sys
from fastmcp import FastMCP
from starlette.responses import PlainTextResponse

server = FastMCP("tools")

@server.tool(name=os.environ.get("MCP_TOOL", "weigh_anchor"))
def weigh_anchor() -> str:
    """Weighs the anchor."""
    return "weighed"

@server.custom_route("/health", methods=["GET"])
async def health(request):
    return PlainTextResponse("OK")

if sys.argv[1] == "stdio":
    server.run(transport="stdio", show_banner=False)
else:
    server.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False)
`;

/** The name of its only tool, unless `MCP_TOOL` has another name. */
export const mcpTool = 'weigh_anchor';

/** Writes the program of an MCP server, and returns its arguments to run over stdio, as one command line. */
export async function writeMcpServer(folder: string): Promise<string> {
  const file = join(folder, 'mcp tools.py');
  await writeFile(file, program);
  return `"${file}" stdio`;
}

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
