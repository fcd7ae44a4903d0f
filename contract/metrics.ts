/**
 * Our own metrics, beside those of the SDK, named as Prometheus recommends. They are a public interface: dashboards and
 * alerts rely on their names. No zod here: the workflow bundle imports this file.
 */
export const metricNames = {
  /** Counter, label `server`: creates that succeeded. A start that has lost its conversation creates it again. */
  created: 'nested_conversations_created_total',
  /** Counter: starts that ended ready. */
  ready: 'nested_conversations_ready_total',
  /** Counter, label `type`: starts that failed, by failure type. */
  failed: 'nested_conversations_failed_total',
  /** Histogram: from the start to ready. */
  timeToReady: 'nested_conversations_time_to_ready_seconds',
  /** Histogram: looks that a start took to be ready. */
  looks: 'nested_conversations_looks',
  /** Counter: attempts that sent nothing, as their nested server had as many activities as it may have. */
  surplus: 'nested_conversations_surplus_total',
  /** Counter, label `kind`: payloads that a worker could not read, `locked` for want of a key or `undecodable`. */
  unreadable: 'nested_conversations_unreadable_payloads_total',
  /** Counter, labels `method` and `status`: requests to nested servers. */
  requests: 'nested_server_requests_total',
} as const;
