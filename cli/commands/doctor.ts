import type { Answer, Context, OutputOptions } from '../answer.js';
import { describeFinding, type Finding } from '../doctor/check.js';
import type { NestedServerOptions } from '../doctor/nested-server-check.js';
import { exitCodes } from '../exit-codes.js';
import { say } from '../print.js';

export interface DoctorCommandOptions extends OutputOptions, NestedServerOptions {}

export async function doctor(options: DoctorCommandOptions, { env }: Context): Promise<Answer> {
  const { json, apiUrl, server } = options;
  // Loads the worker's HTTP client, which the other commands don't need.
  const { diagnose } = await import('../doctor/diagnose.js');
  const sessionApiKey = options.sessionApiKey ?? (env.NESTED_SESSION_API_KEY || undefined);
  const findings: Finding[] = [];
  for await (const finding of diagnose({ apiUrl, server, sessionApiKey }, env)) {
    if (!json) say(describeFinding(finding));
    findings.push(finding);
  }
  const problems = findings.filter(({ verdict }) => verdict === 'problem').length;
  const summary = problems === 1 ? '1 problem to fix.' : `${problems} problems to fix.`;
  return {
    text: problems === 0 ? 'Everything that a conversation start needs is in place.' : summary,
    json: { findings },
    exitCode: problems === 0 ? 0 : exitCodes.failed,
  };
}
