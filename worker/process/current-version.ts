import { isGrpcServiceError } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';

const grpcNotFound = 5;

/** Whether a worker deployment has a current version. Without one, its workers get no new runs. */
export async function hasCurrentVersion(
  { workflowService }: NativeConnection,
  { namespace, deploymentName }: { readonly namespace: string; readonly deploymentName: string },
): Promise<boolean> {
  try {
    const { workerDeploymentInfo } = await workflowService.describeWorkerDeployment({ namespace, deploymentName });
    return workerDeploymentInfo?.routingConfig?.currentDeploymentVersion != null;
  } catch (error) {
    // Temporal learns of a deployment when its first worker polls.
    if (isGrpcServiceError(error) && error.code === grpcNotFound) return false;
    throw error;
  }
}
