import type { EnsuredConversation } from '../../client/nested-conversations.js';
import type { StartedConversation } from '../../client/start-or-attach.js';
import { describeLooks } from '../../client/words.js';
import type { Answer, Context } from '../answer.js';
import { UsageError } from '../exit-codes.js';
import { asOneLine } from '../print.js';
import { whatNext } from '../report-error.js';
import { readStartInput, type StartInputOptions } from '../start-input.js';
import { waitWithProgress } from '../wait-with-progress.js';

export interface StartCommandOptions extends StartInputOptions {
  readonly resume?: boolean;
  readonly wait?: boolean;
  readonly waitTimeout?: string;
}

export async function start(options: StartCommandOptions, { connect, env }: Context): Promise<Answer> {
  const { resume, wait, waitTimeout } = options;
  if (waitTimeout !== undefined && !wait) throw new UsageError('--wait-timeout limits --wait: add --wait');
  const input = await readStartInput(options, env);
  const { conversations } = await connect();
  if (!wait) {
    const started = await conversations.start(input, { resume });
    return { text: describeStarted(started), json: started };
  }
  const ready = await waitWithProgress(input.sid, waitTimeout, (waiting) =>
    conversations.ensureReady(input, { resume, ...waiting }),
  );
  return { text: describeReady(ready), json: ready };
}

function describeStarted({ sid, workflowId, runId, attached, attachedTo }: StartedConversation): string {
  const how = attached ? `was already started (${attachedTo})` : 'is starting';
  const ids = `${sid} ${how}: workflow ${workflowId}, run ${runId}`;
  return [ids, ...whatNext(sid, attachedTo === 'ready').map((line) => `  ${line}`)].join('\n');
}

/** Also says if this call attached to an existing run. */
export function describeReady({ conversationId, status, attempts, ...ready }: Partial<EnsuredConversation>): string {
  const how = ready.attached ? '; it was already started' : '';
  return asOneLine(`${conversationId} is ready (${status}) after ${describeLooks(attempts ?? 0)}${how}`);
}
