/**
 * The phase of a conversation start, as the search attribute `ConversationPhase` shows it. `queued`: no worker has
 * taken it up. No zod here: the workflow bundle imports this file.
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

/** The phases of `prepareWorkspace`. Its heartbeats say which one it is in. */
export type PreparingPhase = 'preparing repository' | 'running setup script';

/** The phase of the start while an activity runs. */
export const phaseOfActivity: { readonly [activityType: string]: ConversationPhase | undefined } = {
  prepareWorkspace: 'preparing repository',
  createConversation: 'creating',
  checkConversationReady: 'checking',
  stopConversation: 'stopping',
};
