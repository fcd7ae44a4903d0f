import { InvalidInputError, MessageNotSentError, WaitTimeoutError } from '../client/errors.js';
import { NestedConversationError } from '../contract/nested-conversation-error.js';
import { oneLine } from '../contract/printing/one-line.js';
import { commandLine } from './command-line.js';
import { sayJson, tell } from './print.js';

/** Tells of an error: a person on standard error, a line for each problem; a program by one JSON object. */
export function reportError(error: unknown, { json = false }: { readonly json?: boolean | undefined } = {}): void {
  if (json) sayJson(errorJson(error));
  else for (const line of linesOf(error)) tell(`nested-conversation: ${line}`);
}

/** An error as JSON, for programs: its type and details where it is a failure of the contract. */
export function errorJson(error: unknown): object {
  const { name, type, details } = error as Error & { type?: string; details?: unknown };
  return { error: { type: type ?? name, message: lineOf(error), ...(details !== undefined && { details }) } };
}

function linesOf(error: unknown): string[] {
  if (error instanceof InvalidInputError && error.details.problems.length > 0) {
    return error.details.problems.map(({ field, problem }) => `${field || 'the input'} ${problem}`);
  }
  if (error instanceof MessageNotSentError) return [lineOf(error), `to continue it with this message: add --resume`];
  if (error instanceof WaitTimeoutError && error.sid) return [lineOf(error), ...whatNext(error.sid)];
  return [lineOf(error)];
}

/** Errors of our own say what they come from; others need not. */
function lineOf(error: unknown): string {
  return oneLine(error instanceof NestedConversationError ? error.message : error);
}

/** What can be done about a start that goes on. */
export function whatNext(sid: string): string[] {
  return [
    `follow it:  ${commandLine('wait', sid)}`,
    `look at it: ${commandLine('status', sid)}`,
    `end it:     ${commandLine('cancel', sid)}`,
  ];
}
