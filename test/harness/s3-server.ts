import { join } from 'node:path';
import { cacheFolder } from '../../dev-stack/cache-folder.js';
import type { ChildServer } from '../../dev-stack/child-server.js';
import { installPythonPackages } from '../../dev-stack/python-package.js';
import { startPythonServer } from '../../dev-stack/python-server.js';

const VERSION = '5.2.5';

/** Starts moto's server, a stand-in for Amazon S3, on a free port of 127.0.0.1. It accepts any credentials. */
export async function startS3Server(report: (line: string) => void): Promise<ChildServer> {
  const python = await installPythonPackages({
    folder: join(cacheFolder(), `moto-${VERSION}`),
    requirements: [`moto[server,s3]==${VERSION}`],
    resolvedAsOf: '2026-11-20',
    report,
  });
  return startPythonServer({
    name: `moto ${VERSION}`,
    python,
    module: 'moto.server',
    args: (port) => ['--host', '127.0.0.1', '--port', String(port)],
    env: process.env,
    healthPath: '/moto-api/',
  });
}
