import { boundBrokenBy } from './json-text.js';
import { limits } from './limits.js';

/** The fields of a recorded event that the checks read. */
interface ReplayEvent {
  readonly source?: unknown;
  readonly action?: unknown;
  readonly observation?: unknown;
  readonly args?: { readonly content?: unknown };
}

/**
 * The problem of a replay; `undefined` if it is valid.
 *
 * Checked before anything is sent: the server accepts any text, answers 200 and RUNNING, and then its agent never
 * leaves `loading`. Source: `ReplayManager.get_replay_events` and `AgentSession._run_replay` of OpenHands.
 */
export function replayProblem(replayJson: string): string | undefined {
  if (replayJson.length > limits.replayCharacters) {
    return `has ${replayJson.length} characters, and the maximum is ${limits.replayCharacters}: drop old events`;
  }
  const bounds = { levels: limits.nestingLevels, values: limits.replayValues };
  const broken = boundBrokenBy(replayJson, bounds);
  if (broken) return brokenBound[broken];
  const events = parseEvents(replayJson);
  if (events === undefined) return 'is not a JSON array of events: pass the recorded trajectory';
  for (const [index, event] of events.entries()) {
    const problem = eventProblem(event);
    if (problem) return `${problem} at index ${index}: pass the recorded trajectory`;
  }
  const first = firstReplayed(events);
  if (first === undefined) return 'has no event of a user or an agent: there is nothing to resume from';
  if (first.action !== 'message' || typeof first.args?.content !== 'string') {
    return "must begin with a message: drop what comes before the first event with action 'message', such as the 'system' event of an export";
  }
  // Only a `\u` escape can make a half of a surrogate pair here, so texts without such escapes are not searched.
  if (surrogateEscape.test(replayJson) && !isWellFormed(events)) {
    return 'is not well-formed Unicode: a text or a key in it contains half of a surrogate pair';
  }
  return undefined;
}

/** The server looks at the action first, even if it is null. */
function eventProblem({ source, action, observation }: ReplayEvent): string | undefined {
  if (action === undefined && observation === undefined) return 'has neither an action nor an observation';
  if (typeof (action === undefined ? observation : action) !== 'string') return 'has an event of no kind';
  return source === undefined || sources.has(source) ? undefined : 'has an event of an unknown source';
}

const sources: ReadonlySet<unknown> = new Set(['agent', 'user', 'environment']);

const brokenBound = {
  levels: `is nested deeper than ${limits.nestingLevels} levels`,
  values: `has more than ${limits.replayValues} values: drop old events`,
} as const;

const surrogateEscape = /\\u[dD][89a-fA-F]/;

/** Whether all texts and keys in the value are well-formed. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, inner]) => key.isWellFormed() && isWellFormed(inner));
}

/** The text of the first message of a valid replay. */
export function replayedMessage(replayJson: string): string {
  const content = firstReplayed(parseEvents(replayJson) ?? [])?.args?.content;
  return typeof content === 'string' ? content : '';
}

function parseEvents(replayJson: string): ReplayEvent[] | undefined {
  try {
    const events: unknown = JSON.parse(replayJson);
    return Array.isArray(events) && events.every((event) => typeof event === 'object' && event !== null)
      ? events
      : undefined;
  } catch {
    return undefined;
  }
}

/** The server skips the environment's events, since the actions run again. */
function firstReplayed(events: readonly ReplayEvent[]): ReplayEvent | undefined {
  return events.find((event) => event.source !== 'environment');
}
