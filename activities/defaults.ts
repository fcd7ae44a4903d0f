/** Defaults of the activities. This file holds constants only, so that reading settings loads nothing else. */

/**
 * Enough for a healthy server: a create takes about a second. With 400 slots, it takes more than thirty hanging servers
 * to fill a worker.
 */
export const defaultMaximumPerServer = 10;

/**
 * The heartbeat interval while a write is in flight: a third of the heartbeat timeout. Heartbeats are most of the cost
 * of a hanging request, and a cancellation waits for the write anyway.
 */
export const defaultWriteHeartbeatInterval = '10 seconds';

/**
 * Room for one event with the longest message that an input may have. Fifty events with long outputs take a quarter of
 * it. If events are larger, fewer are requested at a time.
 */
export const defaultMaximumAnswerBytes = 8 * 1024 * 1024;
