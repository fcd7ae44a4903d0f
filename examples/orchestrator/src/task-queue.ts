/** One queue for the service's own workflows and for the conversations: one worker runs both. */
export const taskQueue = 'orchestrator';
