import { failure, failureOfAnswer, isMissingRoute, property, stringAt } from '../../failures.js';
import type { HttpAnswer, HttpClient } from '../../http-client.js';
import { failureOfMissingApi } from '../../server-info.js';
import { refused } from './commands.js';

/** A command waits only for the disk. */
const commandSeconds = 30;

/** Thrown when a command reports that it can't do its work. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/**
 * Runs a short command and returns its output.
 *
 * @throws RefusedError, or an ApplicationFailure that follows from the server's answer
 */
export async function runCommand(server: HttpClient, command: string): Promise<string> {
  const answer = await server.send({
    method: 'POST',
    path: '/api/bash/execute_bash_command',
    body: { command, timeout: commandSeconds },
  });
  if (isMissingRoute(answer)) throw await failureOfMissingApi('agent-server', server, answer);
  if (answer.status !== 200) throw failureOfAnswer(answer);
  const exitCode = property(answer.json, 'exit_code');
  const printed = stringAt(answer.json, 'stdout') ?? '';
  if (exitCode === 0) return printed;
  const complaint = `${printed}${stringAt(answer.json, 'stderr') ?? ''}`.trim();
  if (exitCode === refused) throw new RefusedError(complaint);
  const message = `a command in the sandbox ended with ${exitCode}: ${complaint}`;
  throw failure('NestedServerUnavailable', message, { method: answer.method, url: answer.url, status: answer.status });
}

/** Writes text into an existing file, which keeps its mode. */
export async function writeInto(server: HttpClient, path: string, text: string): Promise<void> {
  const body = new FormData();
  body.append('file', new Blob([text]), 'file');
  const answer: HttpAnswer = await server.send({ method: 'POST', path: '/api/file/upload', query: { path }, body });
  if (answer.status !== 200) throw failureOfAnswer(answer);
}
