import type { InputProblem } from './failures.js';
import { keyName } from './key-name.js';
import { limits } from './limits.js';

/** Maximum length of these fields, in characters. All other texts have {@link limits.textCharacters}. */
const textBounds: Readonly<Record<string, number>> = {
  apiUrl: limits.apiUrlCharacters,
  replayJson: limits.replayCharacters,
  'settings.repository': limits.nameCharacters,
  'settings.selectedBranch': limits.nameCharacters,
  'settings.gitProvider': limits.nameCharacters,
  'client.sessionApiKey': limits.sessionApiKeyCharacters,
};

/** No field in `textBounds` is deeper than two levels, so deeper paths are not joined. */
function maximumOf(path: readonly string[]): number {
  return (path.length <= 2 ? textBounds[path.join('.')] : undefined) ?? limits.textCharacters;
}

/** The field's path, cut off after {@link namedLevels} names. */
function fieldOf(path: readonly string[]): string {
  const names = path.slice(0, namedLevels).map(keyName);
  return [...names, ...(path.length > namedLevels ? ['…'] : [])].join('.');
}

const namedLevels = 8;

/**
 * Checks size and depth, and finds text that no server can store. Runs before every other check. Takes linear time, and
 * stops at {@link limits.problems} problems.
 */
export function boundProblems(input: unknown): readonly InputProblem[] {
  const problems: InputProblem[] = [];
  for (const problem of problemsIn(input, [], { left: limits.values })) {
    problems.push(problem);
    if (problems.length === limits.problems) break;
  }
  return problems;
}

/** How many more values the input may hold. */
interface Budget {
  left: number;
}

function* problemsIn(value: unknown, path: readonly string[], values: Budget): Generator<InputProblem> {
  if (values.left === 0) return;
  if (path.length === limits.nestingLevels && typeof value === 'object' && value !== null) {
    yield { field: fieldOf(path), problem: `is nested deeper than ${limits.nestingLevels} levels` };
    return;
  }
  const problem = problemOf(value, path);
  if (problem !== undefined) yield { field: fieldOf(path), problem };
  else if (--values.left === 0) yield { field: '', problem: `has more than ${limits.values} values` };
  else if (typeof value === 'object' && value !== null) yield* problemsBelow(value, path, values);
}

function* problemsBelow(value: object, path: readonly string[], values: Budget): Generator<InputProblem> {
  for (const [key, inner] of Object.entries(value)) {
    const innerPath = [...path, key];
    const problem = textProblem(key, limits.keyCharacters);
    if (problem === undefined) yield* problemsIn(inner, innerPath, values);
    else yield { field: fieldOf(innerPath), problem: `has a name that ${problem}` };
  }
}

function problemOf(value: unknown, path: readonly string[]): string | undefined {
  if (typeof value === 'string') return textProblem(value, maximumOf(path));
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'is not a finite number';
  if (typeof value !== 'object' || value === null) return undefined;
  const [size, maximum, what] = Array.isArray(value)
    ? [value.length, limits.listItems, 'items']
    : [Object.keys(value).length, limits.objectKeys, 'keys'];
  return size > maximum ? `has ${size} ${what}: the maximum is ${maximum}` : undefined;
}

function textProblem(text: string, maximum: number): string | undefined {
  if (text.length > maximum) return `has ${text.length} characters: the maximum is ${maximum}`;
  // OpenHands stores half of a surrogate pair, and then can't read the conversation anymore.
  return text.isWellFormed() ? undefined : 'is not well-formed Unicode: it contains half of a surrogate pair';
}
