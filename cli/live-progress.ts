import type { WriteStream } from 'node:tty';
import ora from 'ora';
import type { ConversationStatus, Retrying } from '../client/conversation-status.js';
import type { WaitOptions } from '../client/nested-conversations.js';
import { describeRetrying, describeStatus } from './describe-status.js';
import { printable } from './print.js';

/** Shows the latest progress of `work` in one line. The line is updated every 200 ms, and removed at the end. */
export async function withLiveProgress<T>(
  stream: WriteStream,
  work: (callbacks: Pick<WaitOptions, 'onProgress' | 'onRetrying'>) => Promise<T>,
): Promise<T> {
  let latest: ConversationStatus | undefined;
  let retrying: Retrying | undefined;
  // Leaves standard input alone, so that Ctrl-C ends the process as usual.
  const line = ora({ stream, text: 'starting', isEnabled: true, discardStdin: false }).start();
  const timer = setInterval(() => {
    if (latest) line.text = printable(describeStatus(latest));
    else if (retrying) line.text = printable(describeRetrying(retrying));
  }, 200);
  try {
    return await work({
      onProgress(status) {
        latest = status;
      },
      onRetrying(outage) {
        retrying = outage;
      },
    });
  } finally {
    clearInterval(timer);
    line.stop();
  }
}
