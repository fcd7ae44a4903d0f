import type { Logger, LogLevel } from '@temporalio/common';
import { DefaultLogger } from '@temporalio/worker';
import { pino } from 'pino';

/** The type of an ApplicationFailure tells more than its class. What the SDK's native part calls an error is a text. */
function serializeError(error: Error | string): unknown {
  if (typeof error === 'string') return error;
  const serialized = pino.stdSerializers.err(error);
  return { ...serialized, type: (error as { readonly type?: string }).type ?? serialized.type };
}

/**
 * Writes to standard error what is of this level or above: one JSON object a line, or on a terminal, where a person
 * reads, in the SDK's own form.
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
    // Synchronous: the last lines before an exit are those that matter.
    pino.destination({ dest: process.stderr.fd, sync: true }),
  );
  return new DefaultLogger(level, ({ level, message, timestampNanos, meta }) => {
    const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
    lines[level.toLowerCase() as Lowercase<LogLevel>]({ time, ...meta }, message);
  });
}
