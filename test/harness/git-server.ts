import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const git = async (cwd: string, ...args: string[]) => (await promisify(execFile)('git', args, { cwd })).stdout.trim();

/** The author and committer of all commits. */
const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'init.defaultBranch=main'];

export interface GitServerOptions {
  /** Required as the password, for any user. @default none */
  readonly token?: string;
}

/** A Git server over HTTP on 127.0.0.1, for repositories of a few files. */
export class GitServer {
  /** The requests that were answered, without their queries. */
  readonly requests: string[] = [];
  token: string | undefined;
  /** Called before it answers a request for a repository's objects. */
  beforePack: () => Promise<void> = async () => undefined;

  private constructor(
    private readonly folder: string,
    private readonly server: ReturnType<typeof createServer>,
  ) {}

  static async start({ token }: GitServerOptions = {}): Promise<GitServer> {
    const folder = await mkdtemp(join(tmpdir(), 'git-server-'));
    const server = createServer((request, response) => void gitServer.#answer(request, response));
    const gitServer = new GitServer(folder, server);
    gitServer.token = token;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return gitServer;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Creates a repository with one commit per branch, `main` first, and returns its URL. */
  async create(name: string, branches: Readonly<Record<string, Readonly<Record<string, string>>>>): Promise<string> {
    const work = join(this.folder, 'work', name);
    const bare = join(this.folder, `${name}.git`);
    await mkdir(work, { recursive: true });
    await git(work, ...identity, 'init', '-q');
    for (const [branch, files] of Object.entries(branches)) {
      if (branch !== 'main') await git(work, 'checkout', '-q', '-b', branch, 'main');
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(work, path)), { recursive: true });
        await writeFile(join(work, path), text);
      }
      await git(work, 'add', '.');
      await git(work, ...identity, 'commit', '-q', '--allow-empty', '-m', `begin ${branch}`);
    }
    await git(work, 'checkout', '-q', 'main');
    await git(this.folder, 'clone', '-q', '--bare', work, bare);
    return `${this.origin}/${name}.git`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.origin);
    const [, password] = Buffer.from(request.headers.authorization?.split(' ')[1] ?? '', 'base64')
      .toString()
      .split(':');
    this.requests.push(`${request.method} ${pathname}`);
    if (pathname.startsWith('/api/v4/')) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(gitLabAnswer(pathname)));
      return;
    }
    if (this.token !== undefined && password !== this.token) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end('no');
      return;
    }
    if (request.method === 'POST') await this.beforePack();
    const backend = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: this.folder,
        GIT_HTTP_EXPORT_ALL: '1',
        REQUEST_METHOD: request.method,
        PATH_INFO: pathname,
        QUERY_STRING: searchParams.toString(),
        CONTENT_TYPE: request.headers['content-type'],
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    request.pipe(backend.stdin);
    backend.stdin.on('error', () => undefined);
    const chunks: Buffer[] = [];
    for await (const chunk of backend.stdout) chunks.push(chunk as Buffer);
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf('\r\n\r\n');
    const headers = answer
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(': ') as [string, string]);
    const status = Number(headers.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200);
    response.writeHead(status, Object.fromEntries(headers)).end(answer.subarray(end + 4));
  }
}

/** What openhands requests from GitLab before it clones. */
function gitLabAnswer(path: string): object {
  if (path.endsWith('/user')) return { id: 1, username: 'ada', name: 'Ada', email: 'ada@example.com' };
  const name = decodeURIComponent(path.split('/').at(-1) ?? '');
  return { id: 1, path_with_namespace: name, star_count: 0, visibility: 'private', default_branch: 'main' };
}
