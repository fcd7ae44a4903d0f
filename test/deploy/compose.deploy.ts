import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needPrograms } from '../harness/needs.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const compose = [['docker-compose'], ['docker', 'compose']].find(
  ([command = '', ...args]) => spawnSync(command, [...args, 'version']).status === 0,
);

// Docker's compose plugin works as well.
if (!compose) needPrograms({ 'docker-compose': 'docker-compose' });

describe('docker-compose.temporal.yml', () => {
  let resolved = '';
  let services = new Map<string, string>();

  before(() => {
    resolved = resolveComposeFile();
    services = splitServices(resolved);
  });

  test('restarts and health-checks every long-running service and waits for the others to complete', () => {
    const completing = [...services.keys()].filter((name) => isAwaitedToComplete(name, services));
    assert.deepEqual(completing.sort(), ['namespace', 'schema', 'search-attributes']);
    for (const [name, service] of services) {
      if (completing.includes(name)) continue;
      assert.match(service, /^ {4}healthcheck:$/m, `${name} must have a health check`);
      assert.match(service, /^ {4}restart: unless-stopped$/m, `${name} must restart after a crash`);
    }
  });

  test('publishes ports on the loopback interface only', () => {
    const addresses = [...services].flatMap(([name, service]) =>
      readPublishedAddresses(service).map((address) => `${name} ${address}`),
    );
    assert.deepEqual(addresses.sort(), ['codec-server 127.0.0.1', 'temporal 127.0.0.1', 'web-ui 127.0.0.1']);
  });

  test('keeps the database in a named volume', () => {
    assert.match(services.get('postgresql') ?? '', /\bpostgresql-data\b/);
    assert.match(resolved, /^volumes:\n {2}postgresql-data:/m);
  });

  test('pins every image and does not use the retired auto-setup', () => {
    const images = [...resolved.matchAll(/^ {4}image: (\S+)$/gm)].map(([, image]) => image ?? '');
    assert.equal(images.length, 5);
    for (const image of images) {
      assert.match(image, /:\d/);
      assert.doesNotMatch(image, /auto-setup/);
    }
  });

  test('gives the worker and the codec server the same keys, and the Web UI the URL of the codec server', () => {
    const keys = 'k1:from-the-environment';
    const environment = { PAYLOAD_ENCRYPTION_KEYS: keys, TEMPORAL_CODEC_ENDPOINT: 'http://localhost:8081' };
    const encrypted = splitServices(resolveComposeFile(environment));
    for (const name of ['worker', 'codec-server']) {
      assert.match(encrypted.get(name) ?? '', new RegExp(`^ {6}PAYLOAD_ENCRYPTION_KEYS: ${keys}$`, 'm'), name);
    }
    assert.match(encrypted.get('web-ui') ?? '', /^ {6}TEMPORAL_CODEC_ENDPOINT: http:\/\/localhost:8081$/m);
  });

  test('gives everything that opens the database the same password variable', () => {
    const withPassword = resolveComposeFile({ POSTGRES_PASSWORD: 'from-the-environment' });
    assert.equal(withPassword.match(/: from-the-environment$/gm)?.length, 3);
  });
});

test("the worker's image does not run as root", () => {
  const dockerfile = readFileSync(`${root}Dockerfile`, 'utf8');
  const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  assert.match(lastStage, /^USER node$/m);
});

/** The compose file as YAML, with its variables filled in: the defaults, except for `environment`. */
function resolveComposeFile(environment: Record<string, string> = {}): string {
  const [command = '', ...args] = compose ?? [];
  const { PATH = '', HOME = '' } = process.env;
  const { status, stdout, stderr } = spawnSync(command, [...args, '-f', 'docker-compose.temporal.yml', 'config'], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH, HOME, COMPOSE_PROFILES: 'codec', ...environment },
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** The services by name, each as its lines of YAML. */
function splitServices(resolved: string): Map<string, string> {
  const [, section = ''] = /^services:\n((?: .*\n)+)/m.exec(resolved) ?? [];
  return new Map(section.split(/^(?= {2}\S)/m).map((block) => [block.slice(2, block.indexOf(':')), block] as const));
}

/**
 * The host addresses of a service's ports. Compose v1 prints `- address:port:port/tcp`, v2 a `host_ip:` for each port.
 */
function readPublishedAddresses(service: string): string[] {
  const [, ports = ''] = /^ {4}ports:\n((?: {4}[ -] .*\n)+)/m.exec(service) ?? [];
  return ports
    .split(/^ +- /m)
    .slice(1)
    .map((port) => /host_ip: (\S+)/.exec(port)?.[1] ?? /^([\d.]+):\d+:\d+/.exec(port)?.[1] ?? 'every interface');
}

/** For `up --wait`, a container that ends has failed, unless another service waits for its completion. */
function isAwaitedToComplete(name: string, services: Map<string, string>): boolean {
  const awaited = new RegExp(`^ {6}${name}:\\n {8}condition: service_completed_successfully$`, 'm');
  return [...services.values()].some((service) => awaited.test(service));
}
