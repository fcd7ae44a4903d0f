import { proxyActivities } from '@temporalio/workflow';

/** The smallest workflow: its bundle shows what the SDK itself takes. */
export async function empty(): Promise<void> {
  proxyActivities({ startToCloseTimeout: '1 second' });
}
