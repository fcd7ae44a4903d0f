/**
 * How many times the CPU some work takes at ten times the size, of which the smaller one counts as a millisecond at
 * least: what grows with the size takes ten times as much, and what grows with its square a hundred times.
 */
export function cpuGrowth(work: (size: number) => void, size: number): number {
  work(size / 20);
  return leastCpu(() => work(size * 10)) / leastCpu(() => work(size));
}

/** In microseconds. The least of three: a collection of garbage can fall into any of them. */
function leastCpu(work: () => void): number {
  const cpu = () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return Math.max(user + system, 1_000);
  };
  return Math.min(cpu(), cpu(), cpu());
}
