import type { Logger, LogLevel, LogMetadata } from '@temporalio/common';

/** How often to check whether Temporal is back. */
const askIntervalMs = 5_000;

/**
 * The SDK retries at least every ten seconds. If it logs nothing for longer and Temporal answers, the outage is over.
 */
const quietMs = 15_000;

/** Time between the first two lines. It doubles with each further line. */
const firstRepeatMs = 60_000;
const longestRepeatMs = 15 * 60_000;

/** The log targets of the SDK's native part for retried calls: several lines per second during an outage. */
const retryTargets = new Set(['temporalio_client::retry', 'temporalio_sdk_core::worker::heartbeat']);

interface Outage {
  readonly since: number;
  /** gRPC codes already logged. Another code is another problem. */
  readonly codes: Set<string>;
  readonly asking: NodeJS.Timeout;
  lastSeen: number;
  lastReason: string;
  nextLine: number;
  repeatMs: number;
}

/**
 * Logs an outage of Temporal once, then less and less often, and once more when it is over. The SDK's own lines about
 * it are logged at level DEBUG.
 */
export class TemporalOutage {
  #outage: Outage | undefined;

  /** @param isBack - resolves if Temporal answers, and rejects if it does not */
  constructor(
    private readonly log: Logger,
    private readonly isBack: () => Promise<unknown>,
  ) {}

  /** The logger for the SDK's runtime. */
  get logger(): Logger {
    const { log } = this;
    return {
      log: (level, message, meta) => log.log(this.#levelOf(level, meta), message, meta),
      trace: log.trace.bind(log),
      debug: log.debug.bind(log),
      info: log.info.bind(log),
      warn: log.warn.bind(log),
      error: log.error.bind(log),
    };
  }

  /** Stops checking. */
  end(): void {
    clearInterval(this.#outage?.asking);
    this.#outage = undefined;
  }

  #levelOf(level: LogLevel, meta: LogMetadata = {}): LogLevel {
    if (!retryTargets.has(String(meta.target))) return level;
    this.#met(String(meta.error));
    return 'DEBUG';
  }

  #met(reason: string): void {
    const now = Date.now();
    const [, code = 'unknown'] = /\bcode: (\w+)/.exec(reason) ?? [];
    this.#outage ??= {
      since: now,
      codes: new Set(),
      asking: setInterval(() => void this.#ask(), askIntervalMs).unref(),
      lastSeen: now,
      lastReason: reason,
      nextLine: now + firstRepeatMs,
      repeatMs: firstRepeatMs,
    };
    const outage = this.#outage;
    outage.lastSeen = now;
    outage.lastReason = reason;
    if (outage.codes.has(code)) return;
    outage.codes.add(code);
    this.log.warn('Temporal does not answer: conversations wait until it does', { error: reason });
  }

  async #ask(): Promise<void> {
    const outage = this.#outage;
    if (!outage) return;
    const answers = await this.isBack().then(
      () => true,
      () => false,
    );
    const now = Date.now();
    if (this.#outage !== outage) return;
    if (answers && now - outage.lastSeen > quietMs) {
      this.end();
      this.log.info('Temporal answers again', { lostForSeconds: secondsBetween(outage.since, outage.lastSeen) });
    } else if (now >= outage.nextLine) {
      outage.repeatMs = Math.min(2 * outage.repeatMs, longestRepeatMs);
      outage.nextLine = now + outage.repeatMs;
      const lostForSeconds = secondsBetween(outage.since, now);
      this.log.warn('Temporal still does not answer', { lostForSeconds, error: outage.lastReason });
    }
  }
}

function secondsBetween(from: number, to: number): number {
  return Math.round((to - from) / 1000);
}
