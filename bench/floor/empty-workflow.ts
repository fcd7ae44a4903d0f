import { proxyActivities } from '@temporalio/workflow';

/** What a bundle holds before there is anything in it: any workflow imports this. */
export async function empty(): Promise<void> {
  proxyActivities({ startToCloseTimeout: '1 second' });
}
