import type { Logger, LogLevel } from '@temporalio/common';
import { DefaultLogger } from '@temporalio/worker';
import { pino } from 'pino';

/** An ApplicationFailure's type says more than its class. The SDK's native part passes errors as strings. */
function serializeError(error: Error | string): unknown {
  if (typeof error === 'string') return error;
  const serialized = pino.stdSerializers.err(error);
  return { ...serialized, type: (error as { readonly type?: string }).type ?? serialized.type };
}

/**
 * Logs lines of this level and above to standard error: one JSON object per line, or the SDK's own format on a
 * terminal.
 */
export function createLogger(level: LogLevel): Logger {
  if (process.stderr.isTTY) return new DefaultLogger(level);
  const lines = pino(
    {
      level: 'trace',
      base: null,
      messageKey: 'message',
      timestamp: false,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: serializeError },
    },
    // Synchronous, because the last lines before an exit matter most.
    pino.destination({ dest: process.stderr.fd, sync: true }),
  );
  return new DefaultLogger(level, ({ level, message, timestampNanos, meta }) => {
    const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
    lines[level.toLowerCase() as Lowercase<LogLevel>]({ time, ...meta }, message);
  });
}
