/**
 * Where a start is: with nobody yet, in one of the workflow's activities, or at its end. The values of the search
 * attribute `ConversationPhase`. No zod here: the workflow bundle imports this file.
 */
export type ConversationPhase =
  | 'queued'
  | PreparingPhase
  | 'creating'
  | 'checking'
  | 'stopping'
  | 'ready'
  | 'failed'
  | 'cancelled';

/** The phases of `prepareWorkspace`: its heartbeats tell which. */
export type PreparingPhase = 'preparing repository' | 'running setup script';

/** The phase that an activity makes. */
export const phaseOfActivity: { readonly [activityType: string]: ConversationPhase | undefined } = {
  prepareWorkspace: 'preparing repository',
  createConversation: 'creating',
  checkConversationReady: 'checking',
  stopConversation: 'stopping',
};
