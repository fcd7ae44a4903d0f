import { InvalidInputError, MessageNotSentError, WaitTimeoutError } from '../client/errors.js';
import { NestedConversationError } from '../contract/nested-conversation-error.js';
import { oneLine } from '../contract/printing/one-line.js';
import { commandLine } from './command-line.js';
import { sayJson, tell } from './print.js';

/** Reports an error: as text on standard error, one line per problem, or as one JSON object. */
export function reportError(error: unknown, { json = false }: { readonly json?: boolean | undefined } = {}): void {
  if (json) sayJson(errorJson(error));
  else for (const line of linesOf(error)) tell(`nested-conversation: ${line}`);
}

/** An error as JSON, with its type and details if it is one of the contract's failures. */
export function errorJson(error: unknown): object {
  const { name, type, details } = error as Error & { type?: string; details?: unknown };
  return { error: { type: type ?? name, message: lineOf(error), ...(details !== undefined && { details }) } };
}

function linesOf(error: unknown): string[] {
  if (error instanceof InvalidInputError && error.details.problems.length > 0) {
    return error.details.problems.map(({ field, problem }) => `${field || 'the input'} ${problem}`);
  }
  if (error instanceof MessageNotSentError)
    return [lineOf(error), 'to continue the conversation with this message, add --resume'];
  if (error instanceof WaitTimeoutError && error.sid) return [lineOf(error), ...whatNext(error.sid)];
  return [lineOf(error)];
}

/** Our own errors already include their cause in the message. */
function lineOf(error: unknown): string {
  return oneLine(error instanceof NestedConversationError ? error.message : error);
}

/** The next useful commands for a start. */
export function whatNext(sid: string, isOver = false): string[] {
  if (isOver) return [`show it: ${commandLine('status', sid)}`];
  return [
    `wait for it: ${commandLine('wait', sid)}`,
    `show it:     ${commandLine('status', sid)}`,
    `cancel it:   ${commandLine('cancel', sid)}`,
  ];
}
