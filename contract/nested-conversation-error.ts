/** The conversation and run that an error is about, if known. */
export interface ErrorOrigin {
  readonly sid?: string | undefined;
  readonly workflowId?: string | undefined;
  readonly runId?: string | undefined;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/** The base class of all errors that this package throws on purpose. */
export abstract class NestedConversationError<Details extends object = object> extends Error {
  /** The conversation; `undefined` if the error is not about one. */
  readonly sid: string | undefined;
  readonly workflowId: string | undefined;
  /** The workflow run; `undefined` if the error is not about one. */
  readonly runId: string | undefined;
  /** Typed details for programs. Never `undefined`. */
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
