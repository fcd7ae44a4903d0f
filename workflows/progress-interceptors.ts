import { defineSearchAttributeKey, type MetricMeter, SearchAttributeType } from '@temporalio/common';
import {
  ApplicationFailure,
  isCancellation,
  metricMeter,
  setCurrentDetails,
  upsertSearchAttributes,
  type WorkflowInterceptors,
  workflowInfo,
} from '@temporalio/workflow';
import { type FailureType, whatToDo } from '../contract/failures.js';
import type { CreateNestedConversationResult } from '../contract/input.js';
import { metricNames } from '../contract/metrics.js';
import { searchAttributes, workflowType } from '../contract/names.js';
import { type ConversationPhase, phaseOfActivity } from '../contract/phases.js';

/**
 * Shows the progress of a run: in its current details, as markdown; in its search attribute, for lists of runs; and,
 * when it ends, in metrics. The workflow itself does not know about this.
 */
export function interceptors(): WorkflowInterceptors {
  return {
    outbound: [
      {
        scheduleActivity(input, next) {
          const phase = phaseOfActivity[input.activityType];
          if (phase) show(phase, `${input.options.summary}; the pending activity shows what it last saw`);
          return next(input);
        },
      },
    ],
    inbound: [
      {
        execute(input, next) {
          // The worker may also run workflows of a service's own.
          if (workflowInfo().workflowType !== workflowType) return next(input);
          return next(input).then(
            (result) => {
              showReady(result as CreateNestedConversationResult);
              return result;
            },
            (error) => {
              showFailure(error);
              throw error;
            },
          );
        },
      },
    ],
  };
}

function showReady({ conversationId, status, attempts }: CreateNestedConversationResult): void {
  show('ready', literally(`${conversationId} is ${status}, found by look ${attempts}`));
  const seconds = (Date.now() - workflowInfo().startTime.getTime()) / 1000;
  const meter = labelled();
  meter.createCounter(metricNames.ready).add(1);
  meter.createHistogram(metricNames.timeToReady, 'float').record(seconds);
  meter.createHistogram(metricNames.looks, 'int').record(attempts);
}

function showFailure(error: unknown): void {
  if (isCancellation(error)) {
    show('cancelled', 'cancellation was requested');
    return;
  }
  const { message, type } = error instanceof ApplicationFailure ? error : { message: String(error), type: undefined };
  const advice = whatToDo[type as FailureType];
  show('failed', advice ? `${type}: ${literally(message)}\n\n**What to do:** ${advice}` : literally(message));
  labelled()
    .createCounter(metricNames.failed)
    .add(1, { type: type ?? 'unknown' });
}

/** With the label names of the SDK's own metrics: `task_queue`, where the SDK's meter adds `taskQueue`. */
function labelled(): MetricMeter {
  const { taskQueue, workflowType } = workflowInfo();
  return metricMeter.withTags({ task_queue: taskQueue, workflow_type: workflowType });
}

/**
 * Escapes markdown in text from a server or a caller. Otherwise parts of it could be hidden, or load an image from
 * elsewhere.
 */
function literally(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_~[\]<&]/g, '\\$&');
}

const phaseKey = defineSearchAttributeKey(searchAttributes.phase, SearchAttributeType.KEYWORD);

function show(phase: ConversationPhase, details: string): void {
  setCurrentDetails(`**${phase}**: ${details}`);
  // In a namespace without the attribute, an upsert would fail the workflow task again and again.
  const shown = workflowInfo().typedSearchAttributes.get(phaseKey);
  if (shown !== undefined && shown !== phase) upsertSearchAttributes([{ key: phaseKey, value: phase }]);
}
