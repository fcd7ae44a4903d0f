/** What a user's workspace is opened with. Types only: workflows, activities and callers share it. */
export interface OpenWorkspaceInput {
  readonly conversationId: string;
  readonly userId: string;
  readonly message: string;
  /** `owner/name`; cloned with the user's provider token. */
  readonly repository?: string;
}

export interface Workspace {
  readonly conversationId: string;
  readonly apiUrl: string;
}

/** A runtime with a nested server in it. */
export interface Runtime {
  readonly id: string;
  readonly apiUrl: string;
}
