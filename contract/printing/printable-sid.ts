import { workflowIdOf } from '../names.js';
import { printable } from './printable.js';

/** Nothing but these: no sign that a terminal or a page could make something of. */
const plain = /^[\w.-]{1,100}$/;

/**
 * A sid as it may leave. As a rule the workflow id, which stands beside it wherever a run is shown, tells it already, and
 * then there is nothing to hide in it.
 */
export function printableSid(sid: string, workflowId: string | undefined): string {
  return plain.test(sid) && workflowId === workflowIdOf(sid) ? sid : printable(sid);
}
