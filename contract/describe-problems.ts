import type { InputProblem } from './failures.js';

/** All problems in one line, e.g. for a log or a terminal. */
export function describeProblems(problems: readonly InputProblem[]): string {
  return problems.map(({ field, problem }) => `${field || 'the input'} ${problem}`).join('; ');
}
