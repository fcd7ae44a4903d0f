/**
 * By what factor the CPU time of some work grows with ten times the size. Linear growth is 10, quadratic growth is 100.
 * The time for the smaller size counts as at least a millisecond.
 */
export function cpuGrowth(work: (size: number) => void, size: number): number {
  work(size / 20);
  return minimumCpu(() => work(size * 10)) / minimumCpu(() => work(size));
}

/** In microseconds. The minimum of three runs, because a garbage collection can happen in any of them. */
function minimumCpu(work: () => void): number {
  const cpu = () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return Math.max(user + system, 1_000);
  };
  return Math.min(cpu(), cpu(), cpu());
}
