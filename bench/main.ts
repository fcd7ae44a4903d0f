import { readFile, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { violations } from './bounds.js';
import type { Figure } from './figure.js';
import { answers } from './figures/answers.js';
import { burst } from './figures/burst.js';
import { clientImport, cpu, cpuOfAll } from './figures/cpu.js';
import { type Crowd, crowd } from './figures/crowd.js';
import { hearing } from './figures/hearing.js';
import { history } from './figures/history.js';
import { lag } from './figures/lag.js';
import { looks } from './figures/looks.js';
import { requests } from './figures/requests.js';
import { serverLoad } from './figures/server-load.js';
import { soak } from './figures/soak.js';
import { throughput } from './figures/throughput.js';
import { waiting } from './figures/waiting.js';
import { workerStart } from './figures/worker-start.js';
import { plot } from './plot.js';
import { full, guarded, quick, type Sizes } from './sizes.js';
import { onStage, type Stage } from './stage.js';
import { markdown, terminal } from './table.js';

/** `npm run bench`. Measures everything and prints a table. A full measurement is also saved. */

type Measure = (stage: Stage, sizes: Sizes) => Promise<readonly Figure[]>;

const measures: Readonly<Record<string, Measure>> = {
  workerStart,
  history,
  requests,
  answers,
  burst,
  waiting,
  hearing,
  cpu,
  cpuOfAll,
  looks,
  clientImport,
  throughput,
  lag,
  serverLoad,
};

/** Measures that do not depend on the machine. */
const guardedMeasures = ['workerStart', 'history', 'requests', 'burst', 'waiting', 'hearing', 'cpu', 'clientImport'];

/** Measures that give a useful result within moments. */
const quickMeasures = ['history', 'requests', 'burst', 'throughput', 'waiting', 'hearing'];

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const help = `npm run bench                    all of it, some twenty minutes; writes down what it measured
npm run bench -- --quick         rough figures of the most, within a minute; writes nothing
npm run bench -- --only NAME     one measurement, written down in its place: ${Object.keys(measures).join(', ')}
npm run bench -- --guard         what does not depend on the machine, against bench/bounds.ts; exit 1 beyond
npm run bench -- --soak MINUTES  a steady load for so long
npm run bench -- --crowd COUNT   so many conversations that wait on one worker, with --interval SECONDS between two
                                 checks of each (default: 200), watched for --minutes MINUTES (default: 10)

--address HOST:PORT beside any of them measures with the Temporal server that is there, in a namespace of its own, and
writes nothing.
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    guard: { type: 'boolean', default: false },
    only: { type: 'string' },
    soak: { type: 'string' },
    crowd: { type: 'string' },
    interval: { type: 'string', default: '200' },
    minutes: { type: 'string', default: '10' },
    address: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) {
    console.log(help);
    return;
  }
  if (values.soak !== undefined) {
    await soakFor(wholeNumber('soak', values.soak));
    return;
  }
  if (values.crowd !== undefined) {
    await crowdOf({
      count: wholeNumber('crowd', values.crowd),
      intervalSeconds: wholeNumber('interval', values.interval),
      minutes: wholeNumber('minutes', values.minutes),
    });
    return;
  }
  if (values.guard) {
    const figures = await measureAll(guardedMeasures, guarded);
    console.log(terminal(figures));
    const beyond = violations(figures);
    for (const violation of beyond) console.error(`beyond its bound: ${violation}`);
    process.exitCode = beyond.length > 0 ? 1 : 0;
    return;
  }
  const names = values.only ? [values.only] : values.quick ? quickMeasures : allMeasures();
  const figures = await measureAll(names, values.quick ? quick : full);
  console.log(terminal(figures));
  if (values.quick || values.address) return;
  await writeDown(values.only ? await renewed(figures) : figures);
}

/** The metrics of a server that we have not started can't be read. */
function allMeasures(): string[] {
  return Object.keys(measures).filter((name) => !values.address || measures[name] !== serverLoad);
}

async function measureAll(names: readonly string[], sizes: Sizes): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const name of names) {
    const measure = measures[name];
    if (!measure) throw new Error(`--only must be one of ${Object.keys(measures).join(', ')}, but is '${name}'`);
    const begin = performance.now();
    figures.push(...(await onStage((stage) => measure(stage, sizes), values.address)));
    console.error(`${name}: ${((performance.now() - begin) / 1000).toFixed(0)} s`);
  }
  return figures;
}

async function soakFor(minutes: number): Promise<void> {
  if (minutes < 3) throw new Error(`--soak must be at least 3 minutes, but is ${minutes}`);
  const figures = await onStage((stage) => soak(stage, minutes), values.address);
  console.log(terminal(figures));
  if (values.address) return;
  await writeFile(pathOf('bench/soak.json'), json({ ...conditions(), figures }));
}

async function crowdOf(options: Crowd): Promise<void> {
  const figures = await onStage((stage) => crowd(stage, options), values.address);
  console.log(terminal(figures));
  if (values.address) return;
  await writeFile(pathOf('bench/crowd.json'), json({ ...conditions(), figures }));
}

function wholeNumber(option: string, value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new Error(`--${option} must be a whole number above 0, but is '${value}'`);
  return Number(value);
}

/** The saved figures, with these in place of their old values. */
async function renewed(figures: readonly Figure[]): Promise<Figure[]> {
  const { figures: all } = JSON.parse(await readFile(pathOf('bench/results.json'), 'utf8')) as { figures: Figure[] };
  const isNew = ({ id }: Figure) => all.every((old) => old.id !== id);
  return [...all.map((old) => figures.find(({ id }) => id === old.id) ?? old), ...figures.filter(isNew)];
}

/** The figures for readers of the documentation, besides those that miss their goal. */
const headlines: ReadonlySet<string> = new Set([
  ...['ours-together', 'latency', 'lag', 'hearing-64-64', 'hearing-2000-64', 'burst', 'history', 'bytes-per-look'],
  ...['memory-cached', 'memory-bounded', 'cpu-ratio', 'cpu-ratio-busy', 'cpu-of-all', 'look-ratio', 'client-import'],
  'server-load',
]);

async function writeDown(figures: readonly Figure[]): Promise<void> {
  await writeFile(pathOf('bench/results.json'), json({ ...conditions(), figures }));
  await writeTable('bench/results.md', figures);
  await writeTable(
    'docs/performance.md',
    figures.filter(({ id, met }) => headlines.has(id) || met === false),
  );
  await writeFile(pathOf('docs/images/performance.svg'), plot(figures));
}

async function writeTable(page: string, figures: readonly Figure[]): Promise<void> {
  const table = `<!-- table -->\n\n${markdown(figures)}\n<!-- /table -->`;
  const text = await readFile(pathOf(page), 'utf8');
  await writeFile(
    pathOf(page),
    text.replace(/<!-- table -->.*<!-- \/table -->/s, () => table),
  );
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** The date and machine of the measurement. */
function conditions() {
  const [processor] = cpus();
  return {
    measuredOn: new Date().toISOString().slice(0, 10),
    machine: {
      processors: `${cpus().length} × ${processor?.model ?? 'unknown'}`,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      platform: `${platform()} ${arch()}`,
      node: process.version,
    },
  };
}

await main();
