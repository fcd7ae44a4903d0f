/**
 * Metrics in addition to those of the SDK, named as Prometheus recommends. The names are a public interface: dashboards
 * and alerts depend on them. No zod here: the workflow bundle imports this file.
 */
export const metricNames = {
  /** Counter, label `server`: conversations created. A start that loses its conversation creates it again. */
  created: 'nested_conversations_created_total',
  /** Counter: starts whose conversation became ready. */
  ready: 'nested_conversations_ready_total',
  /** Counter, label `type`: failed starts, by failure type. */
  failed: 'nested_conversations_failed_total',
  /** Histogram: time from the start until the conversation is ready. */
  timeToReady: 'nested_conversations_time_to_ready_seconds',
  /** Histogram: readiness checks until the conversation was ready. */
  looks: 'nested_conversations_looks',
  /** Counter: attempts that sent nothing because their nested server already had the maximum number of activities. */
  surplus: 'nested_conversations_surplus_total',
  /** Counter, label `kind`: payloads that a worker could not read: `locked` (the key is missing) or `undecodable`. */
  unreadable: 'nested_conversations_unreadable_payloads_total',
  /** Counter, labels `method` and `status`: requests to nested servers. */
  requests: 'nested_server_requests_total',
} as const;
