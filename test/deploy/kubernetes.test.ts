import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { loadCodecServerConfig } from '../../config/codec-server.js';
import { loadWorkerConfig, type WorkerConfig } from '../../config/worker.js';
import { toMilliseconds } from '../../contract/duration.js';
import { parseInput } from '../../contract/input.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = join(root, 'deploy/kubernetes');

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly resources: { readonly limits: { readonly memory: string } };
  readonly securityContext: unknown;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly timeoutSeconds: number;
}

interface Pod {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: { readonly terminationGracePeriodSeconds: number; readonly containers: readonly [Container] };
}

interface NetworkRule {
  readonly ports: readonly { readonly port: string | number }[];
  readonly to?: readonly { readonly namespaceSelector: { readonly matchLabels: Readonly<Record<string, string>> } }[];
}

/** The fields of any object that the tests read. */
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data: Readonly<Record<string, string>>;
  readonly resources?: readonly string[];
  readonly spec: {
    readonly selector: { readonly matchLabels: unknown };
    readonly template: Pod & { readonly metadata: { readonly labels: unknown } };
    readonly podSelector: { readonly matchLabels: unknown };
    readonly policyTypes: readonly string[];
    readonly ingress: readonly NetworkRule[];
    readonly egress?: readonly NetworkRule[];
    readonly scaleTargetRef: { readonly name: string };
    readonly triggers: readonly { readonly type: string; readonly metadata: Readonly<Record<string, string>> }[];
  };
}

/** By file, relative to the folder. */
const manifests = new Map<string, Manifest[]>();
for (const file of await readdir(folder, { recursive: true })) {
  if (!file.endsWith('.yaml')) continue;
  const documents = parseAllDocuments(await readFile(join(folder, file), 'utf8'));
  manifests.set(
    file,
    documents.map((document) => document.toJS()),
  );
}

function manifest(kind: string, name: string): Manifest {
  const found = [...manifests.values()].flat().find((one) => one.kind === kind && one.metadata?.name === name);
  assert.ok(found, `${kind} ${name}`);
  return found;
}

/** A container's environment, with a key in place of each secret. */
function environmentOf({ env }: Container, settings: Manifest['data'] = {}): Record<string, string> {
  const values = env.map(({ name, value }) => [name, value ?? 'a-secret-of-16-or-more-characters']);
  return { ...settings, ...Object.fromEntries(values) };
}

/** The same, with a key file that can be read here. */
function readable({ PAYLOAD_ENCRYPTION_KEYS_FILE, ...environment }: Record<string, string>): NodeJS.ProcessEnv {
  assert.ok(PAYLOAD_ENCRYPTION_KEYS_FILE);
  return { ...environment, PAYLOAD_ENCRYPTION_KEYS: `key:${Buffer.alloc(32).toString('base64')}` };
}

const documented = await readFile(join(root, 'docs/configuration.md'), 'utf8');

test('every file is part of a kustomization', () => {
  const included = [...manifests].flatMap(([file, objects]) =>
    objects.flatMap(({ resources = [] }) => resources.map((resource) => join(dirname(file), resource))),
  );
  const files = [...manifests.keys()].filter((file) => !file.endsWith('kustomization.yaml'));
  assert.deepEqual(included.sort(), files.sort());
});

describe('the worker on Kubernetes', () => {
  let pod: Pod;
  let container: Container;
  let environment: Record<string, string>;
  let config: WorkerConfig;

  before(() => {
    pod = manifest('Deployment', 'nested-conversations-worker').spec.template;
    [container] = pod.spec.containers;
    environment = environmentOf(container, manifest('ConfigMap', 'nested-conversations-worker').data);
    config = loadWorkerConfig(readable(environment));
  });

  test('has only settings that the worker knows and accepts', () => {
    for (const name of Object.keys(environment)) assert.ok(documented.includes(`\`${name}\``), name);
    assert.equal(config.encryptionKeyIds.length, 1);
  });

  test('listens on the probed and scraped ports, on all interfaces', () => {
    const ports = new Map(container.ports.map(({ name, containerPort }) => [name, containerPort]));
    assert.deepEqual(config.healthEndpoint, { host: '0.0.0.0', port: ports.get('probes') });
    assert.deepEqual(config.metricsEndpoint, { host: '0.0.0.0', port: ports.get('metrics') });
    assert.equal(pod.metadata.annotations['prometheus.io/port'], String(ports.get('metrics')));
    assert.deepEqual(container.livenessProbe.httpGet, { path: '/healthz', port: 'probes' });
    assert.deepEqual(container.readinessProbe.httpGet, { path: '/readyz', port: 'probes' });
  });

  test('has time to drain and to finish a POST in flight', () => {
    const parsed = parseInput({ apiUrl: 'http://h', sid: 's', userId: 'u' });
    assert('conversation' in parsed);
    const neededMs =
      toMilliseconds(String(config.shutdownGraceTime)) + toMilliseconds(parsed.conversation.client.timeout);
    assert.ok(pod.spec.terminationGracePeriodSeconds * 1000 >= neededMs);
  });

  test('uses three quarters of its memory for the heap', () => {
    const [, gibibytes] = /^(\d+)Gi$/.exec(container.resources.limits.memory) ?? [];
    assert.equal(environment.NODE_OPTIONS, `--max-old-space-size=${Number(gibibytes) * 768}`);
  });

  test('is selected by the disruption budget and by the autoscaler, which queries its task queue', () => {
    const { spec, metadata } = manifest('Deployment', 'nested-conversations-worker');
    const budget = manifest('PodDisruptionBudget', metadata.name).spec;
    assert.deepEqual(budget.selector.matchLabels, spec.selector.matchLabels);
    assert.deepEqual(spec.template.metadata.labels, spec.selector.matchLabels);
    const { scaleTargetRef, triggers } = manifest('ScaledObject', metadata.name).spec;
    assert.equal(scaleTargetRef.name, metadata.name);
    const [trigger] = triggers;
    assert.equal(trigger?.type, 'temporal');
    const fromEnvironment = Object.entries(trigger?.metadata ?? {}).filter(([field]) => field.endsWith('FromEnv'));
    assert.deepEqual(
      fromEnvironment.map(([, variable]) => variable),
      ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'TEMPORAL_TASK_QUEUE'],
    );
    for (const [, variable] of fromEnvironment) assert.ok(environment[variable], variable);
  });
});

describe('the network of', () => {
  const portsOf = (rules: readonly NetworkRule[] = []) => rules.flatMap(({ ports }) => ports.map(({ port }) => port));
  const namespaces = ({ to = [] }: NetworkRule) =>
    to.map(({ namespaceSelector }) => namespaceSelector.matchLabels['kubernetes.io/metadata.name']);

  test('the worker matches its settings', () => {
    const { spec } = manifest('NetworkPolicy', 'nested-conversations-worker');
    const deployment = manifest('Deployment', 'nested-conversations-worker').spec;
    assert.deepEqual(spec.podSelector.matchLabels, deployment.selector.matchLabels);
    assert.deepEqual(spec.policyTypes, ['Ingress', 'Egress']);
    assert.deepEqual(portsOf(spec.ingress), ['metrics']);
    const { data } = manifest('ConfigMap', 'nested-conversations-worker');
    const reached = (spec.egress ?? []).map((rule) => [...namespaces(rule), ...portsOf([rule])].join(' '));
    const [, temporalNamespace, temporalPort] = /^[^.]+\.([^.]+)\..*:(\d+)$/.exec(data.TEMPORAL_ADDRESS ?? '') ?? [];
    const [, serverNamespace, serverPort] = /^\*\.([^.]+)\..*:(\d+)$/.exec(data.NESTED_SERVER_ALLOW ?? '') ?? [];
    assert.deepEqual(reached, [
      'kube-system 53 53',
      `${temporalNamespace} ${temporalPort}`,
      `${serverNamespace} ${serverPort}`,
    ]);
  });

  test('the codec server allows no outgoing traffic', () => {
    const { spec } = manifest('NetworkPolicy', 'nested-conversations-codec-server');
    const deployment = manifest('Deployment', 'nested-conversations-codec-server').spec;
    assert.deepEqual(spec.podSelector.matchLabels, deployment.selector.matchLabels);
    assert.deepEqual(
      [portsOf(spec.ingress), spec.policyTypes, spec.egress],
      [['http'], ['Ingress', 'Egress'], undefined],
    );
  });
});

test('the codec server on Kubernetes has valid settings and listens on its container port, on all interfaces', () => {
  const [container] = manifest('Deployment', 'nested-conversations-codec-server').spec.template.spec.containers;
  const environment = environmentOf(container);
  for (const name of Object.keys(environment)) assert.ok(documented.includes(`\`${name}\``), name);
  const { host, port, isNewToken } = loadCodecServerConfig(readable(environment));
  assert.deepEqual(
    { host, port, isNewToken },
    { host: '0.0.0.0', port: container.ports[0]?.containerPort, isNewToken: false },
  );
});

test('nothing on Kubernetes runs as root, writes to its image or keeps a capability', () => {
  const deployments = [...manifests.values()].flat().filter(({ kind }) => kind === 'Deployment');
  assert.equal(deployments.length, 2);
  for (const { spec } of deployments) {
    const { securityContext, containers } = spec.template.spec as Pod['spec'] & { readonly securityContext: object };
    assert.deepEqual(securityContext, {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    assert.deepEqual(containers[0].securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
});
