/** Where an error belongs, as far as that is known. */
export interface ErrorOrigin {
  readonly sid?: string | undefined;
  readonly workflowId?: string | undefined;
  readonly runId?: string | undefined;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/** The base class of every error that this package throws on purpose. */
export abstract class NestedConversationError<Details extends object = object> extends Error {
  /** The conversation; `undefined` where the error is about none. */
  readonly sid: string | undefined;
  readonly workflowId: string | undefined;
  /** The run of the workflow that the error is about; `undefined` where there is none. */
  readonly runId: string | undefined;
  /** What a program may act on. Never `undefined`. */
  readonly details: Details;

  constructor(message: string, details: Details, { sid, workflowId, runId, cause }: ErrorOrigin = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.name = new.target.name;
    this.details = details;
    this.sid = sid;
    this.workflowId = workflowId;
    this.runId = runId;
  }
}
