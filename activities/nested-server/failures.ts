import { ApplicationFailure, type ApplicationFailureCategory } from '@temporalio/common';
import type { FailureDetails, FailureType, RequestDetails } from '../../contract/failures.js';
import { failureTypes, finalFailureTypes } from '../../contract/failures.js';
import { type HttpAnswer, NoAnswerError } from './http-client.js';
import type { NotSentError } from './transport.js';

/**
 * The quoted part of an answer, in characters. More than is shown, because masking shrinks a long secret to three
 * asterisks.
 */
const maximumQuote = 4_000;

/** The longest `msg_id`, or field name in a validation error, in characters. The server's own have fifty. */
const maximumMsgId = 200;

/** The maximum number of validation errors to show. */
const maximumErrors = 10;

/** The longest Retry-After that is honored: if a server asks for an hour, the caller would give up first. */
const maximumRetryAfterMs = 30_000;

/** An ApplicationFailure of the contract. It has no cause, which could carry a request's headers. */
export function failure<T extends FailureType>(
  type: T,
  message: string,
  details: FailureDetails[T],
  options: { nextRetryDelay?: number | undefined; category?: ApplicationFailureCategory } = {},
): ApplicationFailure {
  const { nextRetryDelay, category } = options;
  return ApplicationFailure.create({
    type: failureTypes[type],
    message,
    details: [details],
    nonRetryable: finalFailureTypes.has(type),
    ...(nextRetryDelay !== undefined && { nextRetryDelay }),
    ...(category !== undefined && { category }),
  });
}

/** The failure for an answer that is not the one needed, by its status: see the table of errors in docs/contract.md. */
export function failureOfAnswer(answer: HttpAnswer): ApplicationFailure {
  const { method, url, status } = answer;
  const msgId = stringAt(answer.json, 'msg_id')?.slice(0, maximumMsgId);
  const details: RequestDetails = { method, url, status, ...(msgId && { msgId }) };
  // The hint comes before the server's words, which can be long and are cut off at the end.
  const say = (hint: string) => `${method} ${url} answered ${status}${hint} ${describeBody(answer)}`;
  const message = say('');
  if (isAboutRepository(answer)) {
    return failure('ConversationRejected', say(", check settings.repository and the server's Git tokens:"), details);
  }
  if (status === 401 || status === 403) return failure('Unauthorized', say(', check client.sessionApiKey:'), details);
  if (status >= 300 && status < 400) {
    return failure('ConversationRejected', say(', redirects are not followed, check apiUrl:'), details);
  }
  if (isTemporary(answer)) {
    return failure('NestedServerUnavailable', message, details, { nextRetryDelay: retryAfterMs(answer) });
  }
  return failure('ConversationRejected', message, details);
}

/**
 * 500s of the agent server that a retry can't change: a tool or a key it does not have, a part of the body that lacks a
 * field, and (up to 1.40) a body it refuses.
 */
const refusals =
  /ToolDefinition '[^']{0,200}' is not registered|Cannot decrypt secrets: cipher not configured|missing \d{1,3} required [a-z-]{1,40} arguments?:|is not JSON serializable/;

/** Whether the same request may succeed later. */
function isTemporary(answer: HttpAnswer): boolean {
  const { status } = answer;
  if (isRefusedForNow(answer)) return true;
  if (status >= 500) return !refusals.test(answer.text.slice(0, maximumQuote));
  if (status < 300) return true;
  if (status === 404) return !isAboutConversation(answer);
  return status === 408 || status === 425 || status === 429;
}

/**
 * Whether an agent server refuses only for now: it is closing the conversation (400), another instance has taken the
 * conversation over (409), or it says that a retry may succeed.
 */
export function isRefusedForNow({ status, json }: Pick<HttpAnswer, 'status' | 'json'>): boolean {
  const detail = stringAt(json, 'detail') ?? '';
  if (status === 400) return detail === 'inactive_service';
  return (
    status === 409 && (property(json, 'retryable') === true || detail.startsWith('Conversation is owned by another'))
  );
}

/**
 * Whether a 404 is the API's own, about the conversation. One from a gateway, or FastAPI's for a missing route, may
 * pass.
 */
export function isAboutConversation({ status, json }: Pick<HttpAnswer, 'status' | 'json'>): boolean {
  const detail = stringAt(json, 'detail');
  return status === 404 && detail !== undefined && detail !== 'Not Found';
}

/**
 * Whether a 401 is about the repository: openhands from 0.55 on can't reach it with the Git tokens it has stored. A 401
 * about the session key has a `detail`.
 */
function isAboutRepository({ status, json }: HttpAnswer): boolean {
  return status === 401 && typeof json === 'string' && json.startsWith('Unable to access repo');
}

/**
 * Whether the server lacks the path, method or parameters of the request. A gateway can answer the same. `Not Found` is
 * FastAPI's detail for a missing route.
 */
export function isMissingRoute({ status, json }: Pick<HttpAnswer, 'status' | 'json'>): boolean {
  return status === 405 || status === 422 || (status === 404 && stringAt(json, 'detail') === 'Not Found');
}

/** The server turned a request away before it did anything, so what was known before still holds. */
export class TurnedAwayError extends Error {
  constructor(readonly failure: ApplicationFailure) {
    super(failure.message);
  }
}

/** The failure of a create. Some answers prove that nothing was stored: those of a full server, or of a gateway. */
export function failureOfCreate(answer: HttpAnswer): Error {
  const failure = failureOfAnswer(answer);
  const { status } = answer;
  const isTurnedAway = status === 425 || status === 429 || (status === 404 && !isAboutConversation(answer));
  return isTurnedAway ? new TurnedAwayError(failure) : failure;
}

/** Whether a later request may reach the server. */
export function isUnavailable(error: unknown): error is Error {
  return (
    error instanceof NoAnswerError || (error instanceof ApplicationFailure && error.type === 'NestedServerUnavailable')
  );
}

/** The failure of a request that brought no answer. */
export function failureOfNoAnswer({ method, url, message }: NoAnswerError): ApplicationFailure {
  return failure('NestedServerUnavailable', message, { method, url });
}

/** The failure of a request that the egress policy denies. A retry would be denied, too. */
export function failureOfNotSent({ method, url, message }: NotSentError): ApplicationFailure {
  return failure('ConversationRejected', message, { method, url });
}

/** The server's explanation, without the input that a validation error repeats. */
function describeBody({ json, text, headers }: HttpAnswer): string {
  // The agent server's 500 gives the reason in `exception`. Its `detail` is generic.
  const message =
    typeof json === 'string'
      ? json
      : (stringAt(json, 'message') ??
        stringAt(json, 'exception') ??
        stringAt(json, 'detail') ??
        validationErrors(json));
  if (message) return `(${message.slice(0, maximumQuote)})`;
  if (text === '') return 'with an empty body';
  const type = String(headers['content-type'] ?? 'no content type');
  return `with a body that is not the API's (${type}): ${text.slice(0, maximumQuote)}`;
}

/** FastAPI's validation errors, as `field: problem`. */
function validationErrors(json: unknown): string | undefined {
  const detail = property(json, 'detail');
  if (!Array.isArray(detail)) return undefined;
  return detail
    .slice(0, maximumErrors)
    .map((error) => `${fieldAt(property(error, 'loc'))}: ${stringAt(error, 'msg') ?? 'invalid'}`)
    .join('; ');
}

/** FastAPI's path to a field. Usually a list of names and indexes. */
function fieldAt(location: unknown): string {
  const parts = Array.isArray(location) ? location.slice(0, maximumErrors) : [location];
  const named = parts.filter((part) => typeof part === 'string' || typeof part === 'number');
  return named.join('.').slice(0, maximumMsgId) || 'the body';
}

function retryAfterMs({ headers }: HttpAnswer): number | undefined {
  const value = headers['retry-after'];
  if (typeof value !== 'string') return undefined;
  const delay = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(delay) ? undefined : Math.min(Math.max(delay, 1000), maximumRetryAfterMs);
}

/**
 * Text of the server that is kept as evidence. Bounded, as it travels with every heartbeat, but longer than what is
 * shown.
 */
export function excerpt(text: unknown): string {
  return typeof text === 'string' ? text.slice(0, 2000) : '';
}

/** A property of a value of unknown shape. */
export function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

export function stringAt(value: unknown, name: string): string | undefined {
  const found = property(value, name);
  return typeof found === 'string' ? found : undefined;
}
