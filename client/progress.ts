import type { PreparingPhase } from '../contract/phases.js';
import type { ConversationStatus, Retrying, RunPhase } from './conversation-status.js';

export interface ProgressCallbacks {
  readonly onProgress?: ((status: ConversationStatus) => void) | undefined;
  readonly onRetrying?: ((retrying: Retrying) => void) | undefined;
}

/** Phases of a run in order, from one create to the next. */
const order: Partial<Record<RunPhase, number>> = {
  queued: 0,
  'preparing repository': 1,
  'running setup script': 2,
  creating: 3,
  checking: 4,
  stopping: 5,
};

const preparing: { readonly [phase in PreparingPhase]: true } = {
  'preparing repository': true,
  'running setup script': true,
};

/** Reports changes to the caller. A run's progress never goes backwards. */
export class Progress {
  #latest: ConversationStatus | undefined;
  /** The number of the last step that was seen running. */
  #step: number | undefined;
  #told = '';

  constructor(private readonly callbacks: ProgressCallbacks) {}

  get isWatched(): boolean {
    return this.callbacks.onProgress !== undefined;
  }

  get latest(): ConversationStatus | undefined {
    return this.#latest;
  }

  /** @param step The number of the current step, see `stepOf`; `undefined` between two steps. */
  report(status: ConversationStatus, step: number | undefined): void {
    if (this.#isBehind(status, step)) return;
    this.#latest = status;
    this.#step = step ?? this.#step;
    this.#tell(status);
  }

  readonly onRetrying = (retrying: Retrying): void => {
    this.callbacks.onRetrying?.(retrying);
    if (this.#latest) this.#tell({ ...this.#latest, retrying });
  };

  #tell(status: ConversationStatus): void {
    const told = JSON.stringify(status);
    if (told === this.#told) return;
    this.#told = told;
    this.callbacks.onProgress?.(status);
  }

  /**
   * A running step has a number, which tells a second create from the first. Between two steps the phase is a guess,
   * which counts only if it is ahead.
   */
  #isBehind({ phase, closedAt }: ConversationStatus, step: number | undefined): boolean {
    const latest = this.#latest;
    if (!latest || closedAt) return false;
    if (latest.closedAt) return true;
    if (step !== undefined) return this.#step !== undefined && step < this.#step;
    if (this.#step === undefined) return false;
    // The step after preparing is a create, but the guess would be a check.
    return latest.phase in preparing || (order[phase] ?? 0) <= (order[latest.phase] ?? 0);
  }
}
