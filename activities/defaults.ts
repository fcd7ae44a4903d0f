/** What the activities use where nobody sets it. Constants alone: whoever reads settings imports them from here. */

/**
 * Enough for a server that is well: a create takes a second of it. With 400 slots, thirty servers that hang can't keep a
 * worker from the others.
 */
export const defaultMaximumPerServer = 10;

/**
 * How often while a write is in flight. Heartbeats are most of what a request that hangs costs, and a cancellation waits
 * for the write anyway. A third of the heartbeat timeout.
 */
export const defaultWriteHeartbeatInterval = '10 seconds';

/**
 * An event with the longest message that an input may have; fifty events with long outputs are a quarter of it. Where
 * events are larger, fewer are asked for.
 */
export const defaultMaximumAnswerBytes = 8 * 1024 * 1024;
