import { type Client, isGrpcServiceError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { isAboutSearchAttributes, searchAttributesQuery } from '../../client/search-attributes.js';
import { optionalTsToDate, optionalTsToMs } from '../../codec/sdk-internals.js';
import { describeDuration } from '../describe-status.js';
import { ok, problem, type Verdict, warning } from './check.js';

const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;
const { WORKER_VERSIONING_MODE_VERSIONED } = proto.temporal.api.enums.v1.WorkerVersioningMode;
const grpcNotFound = 5;

/** A worker's poll lasts one minute. Temporal lists workers for five minutes after their last poll. */
const pollingWithinMs = 75_000;

/** If tasks wait longer than this, there are too few workers. */
const backlogMs = 10_000;

export async function checkNamespace({ workflowService, options }: Client): Promise<Verdict> {
  const { namespace } = options;
  try {
    const { config } = await workflowService.describeNamespace({ namespace });
    const retention = describeDuration(optionalTsToMs(config?.workflowExecutionRetentionTtl) ?? 0);
    return ok(`'${namespace}' keeps a start for ${retention} after it ends`);
  } catch (error) {
    if (!isGrpcServiceError(error) || error.code !== grpcNotFound) throw error;
    const create = `temporal operator namespace create --namespace ${namespace}`;
    return problem(`'${namespace}' does not exist`, `correct TEMPORAL_NAMESPACE, or create it: ${create}`);
  }
}

export async function checkSearchAttributes({ workflow }: Client): Promise<Verdict> {
  try {
    await workflow.count(searchAttributesQuery);
    return ok('registered');
  } catch (error) {
    if (!isAboutSearchAttributes(error)) throw error;
    return warning("not all are registered: list can't filter by user", 'npx nested-conversation setup');
  }
}

export async function checkWorkers(client: Client, taskQueue: string): Promise<Verdict> {
  const [workflows, activities] = await Promise.all([
    describeQueue(client, taskQueue, TASK_QUEUE_TYPE_WORKFLOW),
    describeQueue(client, taskQueue, TASK_QUEUE_TYPE_ACTIVITY),
  ]);
  const lastPolledMs = Math.min(workflows.lastPolledMs, activities.lastPolledMs);
  if (workflows.polling.length === 0 || activities.polling.length === 0) {
    const last = Number.isFinite(lastPolledMs) ? `; the last poll was ${describeDuration(lastPolledMs)} ago` : '';
    return problem(
      `no worker polls ${taskQueue}${last}`,
      'start one (npx nested-conversation-worker), or use the same TEMPORAL_TASK_QUEUE and TEMPORAL_NAMESPACE as the workers',
    );
  }
  const routed = routingProblem(workflows, taskQueue, client.options.namespace);
  if (routed) return routed;
  const count = new Set(workflows.polling.map(({ identity }) => identity)).size;
  const found = `${count === 1 ? '1 worker polls' : `${count} workers poll`} ${taskQueue}`;
  const waitingMs = Math.max(workflows.backlogMs, activities.backlogMs);
  if (waitingMs < backlogMs) return ok(found);
  return warning(`${found}, and tasks have waited for ${describeDuration(waitingMs)}`, 'run more workers');
}

type Queue = Awaited<ReturnType<typeof describeQueue>>;

async function describeQueue({ workflowService, options }: Client, name: string, taskQueueType: number) {
  const { pollers, versioningInfo, stats } = await workflowService.describeTaskQueue({
    namespace: options.namespace,
    taskQueue: { name },
    taskQueueType,
    reportStats: true,
  });
  const ageMs = ({ lastAccessTime }: (typeof pollers)[number]) =>
    Date.now() - (optionalTsToDate(lastAccessTime)?.getTime() ?? 0);
  return {
    polling: pollers.filter((poller) => ageMs(poller) < pollingWithinMs),
    lastPolledMs: Math.min(...pollers.map(ageMs)),
    current: versioningInfo?.currentDeploymentVersion,
    backlogMs: optionalTsToMs(stats?.approximateBacklogAge) ?? 0,
  };
}

/** New runs go to workers of the current version only, or to unversioned workers if no version is current. */
function routingProblem({ polling, current }: Queue, taskQueue: string, namespace: string): Verdict | undefined {
  const versions = polling.map(({ deploymentOptions: own }) =>
    own?.workerVersioningMode === WORKER_VERSIONING_MODE_VERSIONED ? own : undefined,
  );
  const gets = versions.some(
    (own) => own?.deploymentName === current?.deploymentName && own?.buildId === current?.buildId,
  );
  if (gets) return undefined;
  if (current) {
    const version = `${current.deploymentName}:${current.buildId}`;
    return problem(
      `the current version is ${version}, and no worker of that version polls ${taskQueue}`,
      'start one, or make the version of the running workers current: docs/changing-the-workflow.md',
    );
  }
  const [{ deploymentName, buildId } = {}] = versions.filter((own) => own !== undefined);
  return problem(
    `workers of deployment ${deploymentName} poll ${taskQueue}, but no version of it is current`,
    `temporal worker deployment set-current-version --namespace ${namespace} --deployment-name ${deploymentName} --build-id ${buildId}`,
  );
}
