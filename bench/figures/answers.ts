import { randomUUID } from 'node:crypto';
import { connect } from '../../activities/nested-server/connect.js';
import type { DesiredConversation, Dialect } from '../../activities/nested-server/dialect.js';
import { withDialect } from '../../activities/nested-server/dialects.js';
import { createTransport } from '../../activities/nested-server/transport.js';
import { type Figure, median, spread } from '../figure.js';
import type { BenchProcess } from '../processes/process.js';
import type { StandIn, Stream } from '../processes/stand-in.js';
import type { Sizes } from '../sizes.js';
import type { Stage } from '../stage.js';

type StandInCalls = BenchProcess<StandIn>['call'];

const transport = createTransport();
const timeoutMs = 60_000;

/** What an observation reads, and what it takes to understand it. */
interface Cost {
  readonly bytes: number;
  readonly requests: number;
  readonly cpuMs: number;
}

/** Measures what observing a conversation costs, by what is in its stream. The activities are not part of it. */
export async function answers({ standIn: { call: standIn } }: Stage, sizes: Sizes): Promise<Figure[]> {
  const { events, answerRounds } = sizes;
  const long = `of ${events.toLocaleString('en')} events`;
  const screenshots = { screenshots: 40 };
  const figures: Figure[] = [];
  for (const server of ['openhands', 'agent-server'] as const) {
    const apiUrl = await standIn.listenFor(server);
    const observe = (stream: Stream, added: Stream) =>
      withDialect(server, (dialect) => costsOf(dialect, standIn, { apiUrl, stream, added, rounds: answerRounds }));
    figures.push(
      figureOf(`${server}: a check that finds nothing new, in a stream ${long}`, await observe({ events }, {})),
      figureOf(`${server}: a check that finds 1,000 new events`, await observe({}, { events: 1_000 })),
      figureOf(`${server}: a check that finds 40 new screenshots of a megabyte`, await observe({}, screenshots)),
      figureOf(
        `${server}: a check that finds nothing new after 40 screenshots of a megabyte`,
        await observe(screenshots, {}),
      ),
    );
  }
  return figures;
}

interface Observed {
  readonly apiUrl: string;
  /** What is there before the start. */
  readonly stream: Stream;
  /** What the agent adds before each observation. */
  readonly added: Stream;
  readonly rounds: number;
}

async function costsOf<State, Step extends string>(
  dialect: Dialect<State, Step>,
  standIn: StandInCalls,
  { apiUrl, stream, added, rounds }: Observed,
): Promise<Cost[]> {
  const desired: DesiredConversation = {
    sid: randomUUID(),
    isReplay: false,
    readyWhen: 'agent-started',
    isOurMessage: () => false,
  };
  const server = connect({ apiUrl }, { transport, timeoutMs, signal: new AbortController().signal });
  await standIn.create(desired.sid, stream);
  let state = await dialect.baseline(server, desired);
  const observe = async (): Promise<Cost> => {
    await standIn.fill(desired.sid, added);
    const before = await standIn.filledTraffic();
    const cpuBefore = process.cpuUsage();
    state = await dialect.observe(server, desired, state);
    const { user, system } = process.cpuUsage(cpuBefore);
    const after = await standIn.filledTraffic();
    return {
      bytes: after.bytesSent - before.bytesSent,
      requests: after.requests - before.requests,
      cpuMs: (user + system) / 1000,
    };
  };
  await observe(); // Warms up.
  const costs: Cost[] = [];
  for (let round = 0; round < rounds; round++) costs.push(await observe());
  return costs;
}

function figureOf(figure: string, costs: readonly Cost[]): Figure {
  const bytes = median(costs.map((cost) => cost.bytes));
  const requests = median(costs.map((cost) => cost.requests));
  const cpuMs = costs.map((cost) => cost.cpuMs);
  return {
    id: figure,
    figure,
    ours: `${bytes.toLocaleString('en')} B in ${requests} requests, ${spread(cpuMs, 'ms', 1)} of CPU`,
    against: '',
    samples: { bytes: [bytes], requests: [requests], cpuMs },
  };
}
