import type { WaitOptions } from '../client/nested-conversations.js';
import type { DurationString } from '../contract/duration-string.js';
import { describeRetrying, describeStatus } from './describe-status.js';
import { exitCodeOf, InterruptedError } from './exit-codes.js';
import { isLive } from './is-live.js';
import { tell } from './print.js';
import { whatNext } from './report-error.js';

/**
 * Waits with progress on standard error. Ctrl-C or SIGTERM ends the wait, not the start, and the output says so. A
 * second Ctrl-C exits at once.
 */
export async function waitWithProgress<T>(
  sid: string,
  timeout: string | undefined,
  wait: (options: WaitOptions) => Promise<T>,
): Promise<T> {
  const interrupted = new AbortController();
  const interrupt = (signal: 'SIGINT' | 'SIGTERM') => {
    if (interrupted.signal.aborted) process.exit(exitCodeOf(new InterruptedError(signal)));
    interrupted.abort(new InterruptedError(signal));
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const options: WaitOptions = {
    signal: interrupted.signal,
    ...(timeout !== undefined && { timeout: timeout as DurationString }),
  };
  try {
    if (isLive(process.stderr)) {
      const { withLiveProgress } = await import('./live-progress.js');
      return await withLiveProgress(process.stderr, (callbacks) => wait({ ...options, ...callbacks }));
    }
    return await wait({
      ...options,
      onProgress: (status) => tell(describeStatus(status)),
      onRetrying: (retrying) => tell(describeRetrying(retrying)),
    });
  } catch (error) {
    if (error instanceof InterruptedError) {
      tell(`The start of ${sid} continues.`);
      for (const line of whatNext(sid)) tell(`  ${line}`);
    }
    throw error;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
