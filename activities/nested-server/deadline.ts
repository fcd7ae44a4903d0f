/** The error of a passed deadline, with the name that `AbortSignal.timeout` uses. */
function timeoutError(): DOMException {
  return new DOMException('The deadline has passed', 'TimeoutError');
}

/**
 * Runs `work` with a signal that aborts when the time is over or `cancelled` aborts.
 *
 * `AbortSignal.timeout` and `AbortSignal.any` would do the same, but they show up in the profile of a busy worker:
 * their timers go on after the answer, and their objects are left to the garbage collector.
 */
export async function withDeadline<T>(
  ms: number,
  cancelled: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const cancel = () => controller.abort(cancelled?.reason);
  const timer = setTimeout(() => controller.abort(timeoutError()), ms);
  cancelled?.addEventListener('abort', cancel);
  try {
    cancelled?.throwIfAborted();
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    cancelled?.removeEventListener('abort', cancel);
  }
}
