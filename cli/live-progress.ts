import type { WriteStream } from 'node:tty';
import ora from 'ora';
import type { ConversationStatus, Retrying } from '../client/conversation-status.js';
import type { WaitOptions } from '../client/nested-conversations.js';
import { describeRetrying, describeStatus } from './describe-status.js';
import { printable } from './print.js';

/** Shows the newest progress of `work` in one line that ticks by the second, and is gone at its end. */
export async function withLiveProgress<T>(
  stream: WriteStream,
  work: (callbacks: Pick<WaitOptions, 'onProgress' | 'onRetrying'>) => Promise<T>,
): Promise<T> {
  let latest: ConversationStatus | undefined;
  let retrying: Retrying | undefined;
  // Without hands on standard input: Ctrl-C ends the process, as ever.
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
